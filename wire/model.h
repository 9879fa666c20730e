#ifndef GRAFT_WIRE_MODEL_H_
#define GRAFT_WIRE_MODEL_H_

#include <vector>

#include "absl/status/statusor.h"
#include "graft/v1/model.pb.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/store/model_version.h"

namespace graft {

// Models and versions as the store keeps them <-> as the API says them. What core/ does not know:
//   ModelVersion.input_spec  JSON of a graft.v1.InputSpec
//   ModelVersion.metrics     JSON of a graft.v1.ModelVersion with metrics and report alone
//   ModelVersion.card        JSON object, the fields of a graft.v1.ModelCard
// All functions are pure.

// What a worker finished, as the row to publish; the store fills in project, model, version, job.
// INVALID_ARGUMENT where something that a version needs is missing.
absl::StatusOr<ModelVersion> VersionToPublish(const worker::v1::FinishRequest& finish);

// DATA_LOSS: stored JSON that cannot be read.
absl::StatusOr<v1::ModelVersion> ToProto(const ModelVersion& version);

// `versions` are the model's version numbers, in any order.
v1::Model ToProto(const Model& model, std::vector<int64_t> versions);

}  // namespace graft

#endif  // GRAFT_WIRE_MODEL_H_
