#include "wire/stored_upgrade.h"

#include <utility>

#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "graft/stored/v1/stored.pb.h"
#include "graft/v1/dataset.pb.h"
#include "graft/v1/finetune.pb.h"
#include "graft/v1/model.pb.h"

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/manifest.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/model/model_description.h"
#include "wire/job.h"
#include "wire/tasks/catalog.h"
#include "wire/tasks/classification.h"

namespace graft::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void CopyByName(const Message& from, Message* to);

// One value that is set; of a repeated field that at `index`. Both fields have the same name.
void CopyValue(const Message& from, const FieldDescriptor* source, int index, Message* to,
               const FieldDescriptor* target) {
  const Reflection& read = *from.GetReflection();
  const Reflection& write = *to->GetReflection();
  const bool many = source->is_repeated();
  switch (source->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      CopyByName(
          many ? read.GetRepeatedMessage(from, source, index) : read.GetMessage(from, source),
          many ? write.AddMessage(to, target) : write.MutableMessage(to, target));
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      if (many) return write.AddString(to, target, read.GetRepeatedString(from, source, index));
      return write.SetString(to, target, read.GetString(from, source));
    case FieldDescriptor::CPPTYPE_INT32:
      if (many) return write.AddInt32(to, target, read.GetRepeatedInt32(from, source, index));
      if (target->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        return write.SetEnumValue(to, target, read.GetInt32(from, source));
      }
      return write.SetInt32(to, target, read.GetInt32(from, source));
    case FieldDescriptor::CPPTYPE_INT64:
      if (many) return write.AddInt64(to, target, read.GetRepeatedInt64(from, source, index));
      return write.SetInt64(to, target, read.GetInt64(from, source));
    case FieldDescriptor::CPPTYPE_UINT64:
      return write.SetUInt64(to, target, read.GetUInt64(from, source));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (many) return write.AddDouble(to, target, read.GetRepeatedDouble(from, source, index));
      return write.SetDouble(to, target, read.GetDouble(from, source));
    case FieldDescriptor::CPPTYPE_BOOL:
      return write.SetBool(to, target, read.GetBool(from, source));
    default:
      return;  // stored.proto has no others
  }
}

// What is set in `from` and has a field of the same name in `to`, whatever its number.
void CopyByName(const Message& from, Message* to) {
  std::vector<const FieldDescriptor*> set;
  from.GetReflection()->ListFields(from, &set);
  for (const FieldDescriptor* source : set) {
    const FieldDescriptor* target = to->GetDescriptor()->FindFieldByName(source->name());
    if (target == nullptr || target->is_repeated() != source->is_repeated()) continue;
    const int values = source->is_repeated() ? from.GetReflection()->FieldSize(from, source) : 1;
    for (int i = 0; i < values; ++i) CopyValue(from, source, i, to, target);
  }
}

std::string UpgradedReport(const stored::v1::ClassificationReport& report) {
  v1::Report upgraded;
  v1::ClassificationReport* made = upgraded.mutable_classification();
  stored::v1::ClassificationReport rest = report;
  rest.clear_confusion();
  CopyByName(rest, made);
  const auto classes = static_cast<size_t>(report.class_names_size());
  if (static_cast<size_t>(report.confusion_size()) == classes * classes) {
    *made->mutable_confusion() =
        CappedConfusion(absl::MakeConstSpan(report.confusion().data(), classes * classes), classes);
  }
  return upgraded.SerializeAsString();
}

}  // namespace

std::string StoredUpgrade::JobSpec(std::string spec) {
  stored::v1::JobSpec old;
  if (!old.ParseFromString(spec)) return spec;
  v1::JobSpec upgraded;
  v1::FineTuneSpec* fine_tune = upgraded.mutable_fine_tune();
  CopyByName(old.fine_tune(), fine_tune);
  // Its head's options have a message of their own now.
  const stored::v1::ClassificationTask& task = old.fine_tune().classification();
  CopyByName(task, fine_tune->mutable_task()->mutable_classification());
  CopyByName(task, fine_tune->mutable_head());
  fine_tune->mutable_head()->set_kind(static_cast<v1::HeadKind>(task.head()));
  return upgraded.SerializeAsString();
}

store::RowUpgrade::JobParts StoredUpgrade::JobResult(std::string progress, std::string result) {
  stored::v1::Job old;
  if (result.empty() || !old.ParseFromString(result)) return {std::move(progress), ""};
  v1::Job end;
  end.set_best_epoch(old.best_epoch());
  *end.mutable_best_metrics() = old.best_metrics();
  JobParts parts;
  parts.progress = MergeProgress(progress, end);
  if (old.has_report()) parts.report = UpgradedReport(old.report());
  return parts;
}

store::RowUpgrade::DatasetParts StoredUpgrade::DatasetManifest(std::string manifest) {
  stored::v1::Dataset old;
  if (!old.ParseFromString(manifest)) return {std::move(manifest), ""};
  v1::Dataset upgraded;
  CopyByName(old, &upgraded);
  CopyByName(old, upgraded.mutable_summary()->mutable_classification());
  return {upgraded.SerializeAsString(), ClassificationWire().Headline(upgraded.summary())};
}

std::string StoredUpgrade::VersionDescription(absl::string_view artifact_prefix,
                                              absl::string_view artifact_sha256,
                                              std::string from_columns) {
  const auto json = blobs_->Get(artifacts::BlobIn(artifact_prefix, artifacts::kManifestFile),
                                artifacts::kMaxManifestBytes);
  if (!json.ok() || Sha256Hex(*json) != artifact_sha256) return from_columns;
  const auto manifest = artifacts::ManifestFromJson(*json);
  if (!manifest.ok()) return from_columns;
  const auto description = model::ModelDescriptionFromJson(manifest->description);
  return description.ok() ? model::ModelDescriptionToJson(*description) : from_columns;
}

store::RowUpgrade::VersionParts StoredUpgrade::VersionMetrics(std::string metrics) {
  stored::v1::ModelVersion old;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (!metrics.empty() &&
      !google::protobuf::util::JsonStringToMessage(metrics, &old, options).ok()) {
    return {std::move(metrics), ""};
  }
  v1::ModelVersion upgraded;
  *upgraded.mutable_metrics() = old.metrics();
  return {upgraded.SerializeAsString(), old.has_report() ? UpgradedReport(old.report()) : ""};
}

}  // namespace graft::wire
