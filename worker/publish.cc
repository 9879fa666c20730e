#include "worker/publish.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "core/artifacts/manifest.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "wire/tasks/catalog.h"

namespace graft {
namespace {

// Blobs are immutable and the prefix is this lease's alone: what is there is what we would write.
absl::Status Put(BlobStore* blobs, const std::string& key, absl::string_view bytes) {
  const absl::Status put = blobs->PutIfAbsent(key, bytes);
  return absl::IsAlreadyExists(put) ? absl::OkStatus() : Annotate(put, "artefact");
}

}  // namespace

absl::StatusOr<worker::v1::FinishRequest> WriteArtifacts(const worker::v1::LeasedJob& lease,
                                                         const FineTuneResult& result,
                                                         BlobStore* blobs) {
  const std::string& prefix = lease.artifact_prefix();
  ArtifactManifest manifest;
  manifest.files = {{"card.json", Sha256Hex(result.card_json), result.card_json.size()},
                    {"model.safetensors", Sha256Hex(result.model), result.model.size()}};
  manifest.description = ModelDescriptionToJson(result.description);
  GRAFT_ASSIGN_OR_RETURN(const std::string manifest_json, ManifestToJson(manifest));

  worker::v1::FinishRequest finish;
  // Nothing held out, nothing to report. Before anything is written: it can still fail.
  if (result.report.examples > 0) {
    GRAFT_ASSIGN_OR_RETURN(*finish.mutable_report(),
                           ReportToProto(result.description.task, result.report));
  }
  GRAFT_RETURN_IF_ERROR(Put(blobs, absl::StrCat(prefix, "/model.safetensors"), result.model));
  GRAFT_RETURN_IF_ERROR(Put(blobs, absl::StrCat(prefix, "/card.json"), result.card_json));
  GRAFT_RETURN_IF_ERROR(Put(blobs, absl::StrCat(prefix, "/", kManifestName), manifest_json));

  finish.set_outcome(worker::v1::OUTCOME_SUCCEEDED);
  finish.mutable_artifact()->set_prefix(prefix);
  finish.mutable_artifact()->set_manifest_sha256(Sha256Hex(manifest_json));
  finish.set_stop_reason(result.stop_reason == StopReason::kEarlyStopped
                             ? v1::STOP_REASON_EARLY_STOPPED
                             : v1::STOP_REASON_COMPLETED);
  finish.set_best_epoch(result.best_epoch);
  for (const auto& [name, value] : result.metrics) {
    v1::Metric* metric = finish.add_metrics();
    metric->set_name(name);
    metric->set_value(value);
  }
  return finish;
}

}  // namespace graft
