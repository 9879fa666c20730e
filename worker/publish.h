#ifndef GRAFT_WORKER_PUBLISH_H_
#define GRAFT_WORKER_PUBLISH_H_

#include "absl/status/statusor.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/training/fine_tune.h"

namespace graft::worker {

// Writes what a run made under the lease's artefact prefix: model.safetensors, card.json, then
// manifest.json, which names and hashes the others, last. Answers the Finish that publishes them;
// until the server has taken it nothing of this is visible. Called twice it writes once.
absl::StatusOr<v1::FinishRequest> WriteArtifacts(const v1::LeasedJob& lease,
                                                 const training::FineTuneResult& result,
                                                 artifacts::BlobStore* blobs);

}  // namespace graft::worker

#endif  // GRAFT_WORKER_PUBLISH_H_
