#include "worker/publish.h"

#include <string>

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/manifest.h"
#include "core/base/failpoint.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "wire/tasks/catalog.h"

namespace graft::worker {
namespace {

// Blobs are immutable and the prefix is this lease's alone: what is there is what we would write.
absl::Status Put(artifacts::BlobStore* blobs, const std::string& key, absl::string_view bytes) {
  const absl::Status put = blobs->PutIfAbsent(key, bytes);
  return absl::IsAlreadyExists(put) ? absl::OkStatus() : Annotate(put, "artefact");
}

graft::v1::StopReason ToProto(training::StopReason reason) {
  switch (reason) {
    case training::StopReason::kCompleted:
      return graft::v1::STOP_REASON_COMPLETED;
    case training::StopReason::kEarlyStopped:
      return graft::v1::STOP_REASON_EARLY_STOPPED;
    case training::StopReason::kStopped:
      return graft::v1::STOP_REASON_STOPPED;
  }
  return graft::v1::STOP_REASON_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<v1::FinishRequest> WriteArtifacts(const v1::LeasedJob& lease,
                                                 const training::FineTuneResult& result,
                                                 artifacts::BlobStore* blobs) {
  const std::string& prefix = lease.artifact_prefix();
  artifacts::ArtifactManifest manifest;
  manifest.files = {{artifacts::kCardFile, Sha256Hex(result.card_json), result.card_json.size()},
                    {artifacts::kModelFile, Sha256Hex(result.model), result.model.size()}};
  manifest.description = model::ModelDescriptionToJson(result.description);
  GRAFT_ASSIGN_OR_RETURN(const std::string manifest_json, artifacts::ManifestToJson(manifest));

  v1::FinishRequest finish;
  // Nothing held out, nothing to report. Before anything is written: it can still fail.
  if (result.report.examples > 0) {
    GRAFT_ASSIGN_OR_RETURN(*finish.mutable_report(),
                           wire::ReportToProto(result.description.task, result.report));
  }
  GRAFT_FAILPOINT("worker.publish.before_model");
  GRAFT_RETURN_IF_ERROR(Put(blobs, artifacts::BlobIn(prefix, artifacts::kModelFile), result.model));
  GRAFT_FAILPOINT("worker.publish.before_card");
  GRAFT_RETURN_IF_ERROR(
      Put(blobs, artifacts::BlobIn(prefix, artifacts::kCardFile), result.card_json));
  GRAFT_FAILPOINT("worker.publish.before_manifest");
  GRAFT_RETURN_IF_ERROR(
      Put(blobs, artifacts::BlobIn(prefix, artifacts::kManifestFile), manifest_json));
  GRAFT_FAILPOINT("worker.publish.after_manifest");

  finish.set_outcome(v1::OUTCOME_SUCCEEDED);
  finish.mutable_artifact()->set_prefix(prefix);
  finish.mutable_artifact()->set_manifest_sha256(Sha256Hex(manifest_json));
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
