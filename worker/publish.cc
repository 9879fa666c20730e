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

}  // namespace

absl::StatusOr<v1::FinishRequest> WriteArtifacts(const v1::LeasedJob& lease,
                                                 const FineTuneResult& result, BlobStore* blobs) {
  const std::string& prefix = lease.artifact_prefix();
  ArtifactManifest manifest;
  manifest.files = {{kCardFile, Sha256Hex(result.card_json), result.card_json.size()},
                    {kModelFile, Sha256Hex(result.model), result.model.size()}};
  manifest.description = ModelDescriptionToJson(result.description);
  GRAFT_ASSIGN_OR_RETURN(const std::string manifest_json, ManifestToJson(manifest));

  v1::FinishRequest finish;
  // Nothing held out, nothing to report. Before anything is written: it can still fail.
  if (result.report.examples > 0) {
    GRAFT_ASSIGN_OR_RETURN(*finish.mutable_report(),
                           ReportToProto(result.description.task, result.report));
  }
  GRAFT_FAILPOINT("worker.publish.before_model");
  GRAFT_RETURN_IF_ERROR(Put(blobs, BlobIn(prefix, kModelFile), result.model));
  GRAFT_FAILPOINT("worker.publish.before_card");
  GRAFT_RETURN_IF_ERROR(Put(blobs, BlobIn(prefix, kCardFile), result.card_json));
  GRAFT_FAILPOINT("worker.publish.before_manifest");
  GRAFT_RETURN_IF_ERROR(Put(blobs, BlobIn(prefix, kManifestFile), manifest_json));
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
