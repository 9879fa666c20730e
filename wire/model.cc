#include "wire/model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "core/base/status_macros.h"
#include "wire/input_spec.h"
#include "wire/tasks/catalog.h"
#include "wire/time.h"

namespace graft::wire {
namespace {

absl::Status ParseCard(const std::string& json, v1::ModelCard* card) {
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, card->mutable_fields());
  if (parsed.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError("the model card is no JSON object");
}

v1::PrecisionReport ToProto(const model::PrecisionRecord& record) {
  v1::PrecisionReport proto;
  proto.set_chosen(std::string(model::PrecisionName(record.chosen)));
  proto.set_reason(record.reason);
  proto.set_figure(record.figure);
  for (const model::PrecisionTrial& trial : record.trials) {
    v1::PrecisionTrial* const added = proto.add_trials();
    added->set_precision(std::string(model::PrecisionName(trial.precision)));
    added->set_declined(trial.declined);
    added->set_rows(trial.rows);
    added->set_agreement(trial.agreement);
    added->set_score_f32(trial.score_f32);
    added->set_score(trial.score);
  }
  return proto;
}

absl::StatusOr<v1::ModelOutputs> OutputsOf(const model::ModelDescription& description) {
  GRAFT_ASSIGN_OR_RETURN(const TaskWire* task, FindTask(description.task));
  return task->Outputs(description.outputs);
}

absl::Status Damaged(const store::ModelVersion& version, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("model \"", version.model, "\" version ", version.version,
                                          ": its stored ", what,
                                          " cannot be read; delete the version"));
}

}  // namespace

absl::StatusOr<store::ModelVersion> VersionToPublish(const worker::v1::FinishRequest& finish,
                                                     const VerifiedArtifact& artifact) {
  GRAFT_RETURN_IF_ERROR(OutputsOf(artifact.description).status());
  v1::ModelCard card;
  GRAFT_RETURN_IF_ERROR(ParseCard(artifact.card, &card));
  store::ModelVersion version;
  version.artifact_prefix = finish.artifact().prefix();
  version.artifact_sha256 = finish.artifact().manifest_sha256();
  version.description = model::ModelDescriptionToJson(artifact.description);
  v1::ModelVersion measured;
  *measured.mutable_metrics() = finish.metrics();
  version.metrics = measured.SerializeAsString();
  version.bytes = artifact.bytes;
  return version;
}

absl::StatusOr<v1::ModelVersion> ToProto(const store::ModelVersion& version,
                                         const store::ModelVersionDetails& details) {
  v1::ModelVersion proto;
  if (!proto.ParseFromString(version.metrics)) return Damaged(version, "metrics");
  if (!details.report.empty() && !proto.mutable_report()->ParseFromString(details.report)) {
    return Damaged(version, "report");
  }
  if (!details.card.empty() && !ParseCard(details.card, proto.mutable_card()).ok()) {
    return Damaged(version, "card");
  }
  const auto description = model::ModelDescriptionFromJson(version.description);
  if (!description.ok()) return Damaged(version, "description");
  absl::StatusOr<v1::ModelOutputs> outputs = OutputsOf(*description);
  if (!outputs.ok()) return Damaged(version, "description");
  proto.set_model(version.model);
  proto.set_project(version.project);
  proto.set_version(version.version);
  proto.set_job_id(version.job_id);
  *proto.mutable_create_time() = ToProto(version.create_time);
  proto.set_backbone(description->backbone);
  proto.set_backbone_digest(description->backbone_digest);
  proto.set_cut_point(description->cut_point);
  for (const std::string& stage : description->changed_stages) proto.add_changed_stages(stage);
  proto.set_head(std::string(model::HeadKindName(description->head.kind)));
  *proto.mutable_input_spec() = ToProto(description->input);
  *proto.mutable_outputs() = *std::move(outputs);
  proto.set_dataset_digest(version.dataset_digest);
  proto.set_bytes(version.bytes);
  if (description->precision.has_value()) {
    *proto.mutable_precision() = ToProto(*description->precision);
  }
  if (description->novelty.has_value()) {
    proto.mutable_novelty()->set_training_images(description->novelty->training_examples);
    proto.mutable_novelty()->set_held_out_images(description->novelty->held_out_examples);
  }
  return proto;
}

absl::StatusOr<AnswerForm> AnswerFormOf(const store::ModelVersion& version) {
  const auto description = model::ModelDescriptionFromJson(version.description);
  if (!description.ok()) return Damaged(version, "description");
  const auto task = FindTask(description->task);
  if (!task.ok()) return Damaged(version, "description");
  absl::StatusOr<AnswerTensor> tensor = (*task)->TensorOf(description->outputs);
  if (!tensor.ok()) return Damaged(version, "description");
  return AnswerForm{description->task, *std::move(tensor)};
}

v1::Model ToProto(const store::Model& model, std::vector<int64_t> versions) {
  v1::Model proto;
  proto.set_name(model.name);
  proto.set_project(model.project);
  proto.set_latest_version(model.latest_version);
  std::sort(versions.begin(), versions.end());
  for (const int64_t version : versions) proto.add_versions(version);
  *proto.mutable_update_time() = ToProto(model.update_time);
  proto.set_pinned(model.pinned);
  return proto;
}

}  // namespace graft::wire
