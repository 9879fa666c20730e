#include "wire/model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "wire/time.h"

namespace graft {
namespace {

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  // Fails only for messages with an Any of unknown type; these have none.
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

// Fields that a newer version wrote are passed over.
absl::Status FromJson(const std::string& json, absl::string_view what,
                      google::protobuf::Message* message) {
  if (json.empty()) return absl::OkStatus();
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (google::protobuf::util::JsonStringToMessage(json, message, options).ok()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("the stored ", what, " of a model cannot be read"));
}

}  // namespace

absl::StatusOr<ModelVersion> VersionToPublish(const worker::v1::FinishRequest& finish) {
  const worker::v1::PublishedArtifact& artifact = finish.artifact();
  if (artifact.prefix().empty()) {
    return absl::InvalidArgumentError("artifact.prefix: is empty");
  }
  if (!IsSha256Hex(artifact.manifest_sha256())) {
    return absl::InvalidArgumentError("artifact.manifest_sha256: is not a sha256");
  }
  if (artifact.labels().empty()) return absl::InvalidArgumentError("artifact.labels: is empty");
  ModelVersion version;
  version.cut_point = artifact.cut_point();
  version.changed_stages.assign(artifact.changed_stages().begin(), artifact.changed_stages().end());
  version.head = artifact.head();
  version.artifact_prefix = artifact.prefix();
  version.artifact_sha256 = artifact.manifest_sha256();
  version.labels.assign(artifact.labels().begin(), artifact.labels().end());
  version.input_spec = ToJson(artifact.input_spec());
  v1::ModelVersion measured;
  *measured.mutable_metrics() = finish.metrics();
  if (finish.has_report()) *measured.mutable_report() = finish.report();
  version.metrics = ToJson(measured);
  version.card = ToJson(artifact.card().fields());
  version.bytes = artifact.bytes();
  return version;
}

absl::StatusOr<v1::ModelVersion> ToProto(const ModelVersion& version) {
  v1::ModelVersion proto;
  GRAFT_RETURN_IF_ERROR(FromJson(version.metrics, "metrics", &proto));
  GRAFT_RETURN_IF_ERROR(FromJson(version.input_spec, "input spec", proto.mutable_input_spec()));
  GRAFT_RETURN_IF_ERROR(FromJson(version.card, "card", proto.mutable_card()->mutable_fields()));
  proto.set_model(version.model);
  proto.set_project(version.project);
  proto.set_version(version.version);
  proto.set_job_id(version.job_id);
  *proto.mutable_create_time() = ToProto(version.create_time);
  proto.set_backbone(version.backbone_id);
  proto.set_backbone_digest(version.backbone_digest);
  proto.set_cut_point(version.cut_point);
  for (const std::string& stage : version.changed_stages) proto.add_changed_stages(stage);
  proto.set_head(version.head);
  for (const std::string& label : version.labels) proto.add_labels(label);
  proto.set_dataset_digest(version.dataset_digest);
  proto.set_bytes(version.bytes);
  return proto;
}

v1::Model ToProto(const Model& model, std::vector<int64_t> versions) {
  v1::Model proto;
  proto.set_name(model.name);
  proto.set_project(model.project);
  proto.set_latest_version(model.latest_version);
  std::sort(versions.begin(), versions.end());
  for (const int64_t version : versions) proto.add_versions(version);
  *proto.mutable_update_time() = ToProto(model.update_time);
  return proto;
}

}  // namespace graft
