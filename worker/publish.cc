#include "worker/publish.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "core/artifacts/manifest.h"
#include "core/base/failpoint.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::worker {
namespace {

// Blobs are immutable and the prefix is this lease's alone: what is there is what we would write.
absl::Status Put(BlobStore* blobs, const std::string& key, absl::string_view bytes) {
  const absl::Status put = blobs->PutIfAbsent(key, bytes);
  return absl::IsAlreadyExists(put) ? absl::OkStatus() : Annotate(put, "artefact");
}

graft::v1::StopReason ToProto(StopReason reason) {
  switch (reason) {
    case StopReason::kCompleted:
      return graft::v1::STOP_REASON_COMPLETED;
    case StopReason::kEarlyStopped:
      return graft::v1::STOP_REASON_EARLY_STOPPED;
    case StopReason::kStopped:
      return graft::v1::STOP_REASON_STOPPED;
  }
  return graft::v1::STOP_REASON_UNSPECIFIED;
}

absl::Status FromJson(const std::string& json, absl::string_view what,
                      google::protobuf::Message* message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, message, options);
  if (parsed.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the ", what, " is no JSON that can be published"));
}

void SetReport(const ClassificationReport& report, graft::v1::ClassificationReport* proto) {
  for (const std::string& name : report.class_names) proto->add_class_names(name);
  proto->mutable_confusion()->Add(report.confusion.begin(), report.confusion.end());
  for (const ClassScore& score : report.classes) {
    graft::v1::ClassScore* made = proto->add_classes();
    made->set_class_name(score.class_name);
    made->set_precision(score.precision);
    made->set_recall(score.recall);
    made->set_f1(score.f1);
    made->set_images(score.images);
  }
  proto->set_accuracy(report.accuracy);
  proto->set_macro_f1(report.macro_f1);
  proto->set_loss(report.loss);
  proto->set_calibration_error(report.calibration_error);
  proto->set_images(report.images);
  proto->set_split(report.split);
}

}  // namespace

absl::StatusOr<v1::FinishRequest> WriteArtifacts(const v1::LeasedJob& lease,
                                                 const FineTuneResult& result, BlobStore* blobs) {
  const std::string& prefix = lease.artifact_prefix();
  ArtifactManifest manifest;
  manifest.files = {{"card.json", Sha256Hex(result.card_json), result.card_json.size()},
                    {"model.safetensors", Sha256Hex(result.model), result.model.size()}};
  manifest.description = ModelDescriptionToJson(result.description);
  GRAFT_ASSIGN_OR_RETURN(const std::string manifest_json, ManifestToJson(manifest));

  v1::FinishRequest finish;
  v1::PublishedArtifact* artifact = finish.mutable_artifact();
  // What can still fail without a disk fails before anything is written.
  GRAFT_RETURN_IF_ERROR(FromJson(InputSpecToJson(result.description.input), "input spec",
                                 artifact->mutable_input_spec()));
  GRAFT_RETURN_IF_ERROR(
      FromJson(result.card_json, "model card", artifact->mutable_card()->mutable_fields()));

  GRAFT_FAILPOINT("worker.publish.before_model");
  GRAFT_RETURN_IF_ERROR(Put(blobs, absl::StrCat(prefix, "/model.safetensors"), result.model));
  GRAFT_FAILPOINT("worker.publish.before_card");
  GRAFT_RETURN_IF_ERROR(Put(blobs, absl::StrCat(prefix, "/card.json"), result.card_json));
  GRAFT_FAILPOINT("worker.publish.before_manifest");
  GRAFT_RETURN_IF_ERROR(Put(blobs, absl::StrCat(prefix, "/", kManifestName), manifest_json));
  GRAFT_FAILPOINT("worker.publish.after_manifest");

  finish.set_outcome(v1::OUTCOME_SUCCEEDED);
  artifact->set_prefix(prefix);
  artifact->set_manifest_sha256(Sha256Hex(manifest_json));
  artifact->set_bytes(
      static_cast<int64_t>(result.model.size() + result.card_json.size() + manifest_json.size()));
  artifact->set_cut_point(result.description.cut_point);
  for (const std::string& stage : result.description.changed_stages) {
    artifact->add_changed_stages(stage);
  }
  artifact->set_head(std::string(HeadKindName(result.description.head.kind)));
  for (const std::string& label : result.description.labels) artifact->add_labels(label);
  // Nothing held out, nothing to report.
  if (result.report.images > 0) SetReport(result.report, finish.mutable_report());
  finish.set_stop_reason(ToProto(result.stop_reason));
  finish.set_best_epoch(result.best_epoch);
  for (const auto& [name, value] : result.metrics) {
    graft::v1::Metric* metric = finish.add_metrics();
    metric->set_name(name);
    metric->set_value(value);
  }
  return finish;
}

}  // namespace graft::worker
