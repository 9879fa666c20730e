#ifndef GRAFT_WIRE_MODEL_H_
#define GRAFT_WIRE_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graft/v1/model.pb.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/model/model_description.h"
#include "core/store/model_version.h"
#include "wire/tasks/task_wire.h"

namespace graft::wire {

// Models and versions as the store keeps them <-> as the API says them. What core/ does not know:
//   ModelVersion.metrics        a graft.v1.ModelVersion with metrics alone
//   ModelVersionDetails.report  a graft.v1.Report
//   ModelVersionDetails.card    JSON object, the fields of a graft.v1.ModelCard
// All functions are pure.

// The files of an artefact, as far as they were checked against the hash that the worker told.
struct VerifiedArtifact {
  model::ModelDescription description;  // of its manifest
  std::string card;                     // card.json
  int64_t bytes = 0;                    // of all its files
};

// What a worker finished, as the row to publish; the store fills in project, model, version, job.
// INVALID_ARGUMENT where the artefact is not what a version can be made of: a description whose
// outputs are not of its task's form, or a card that is no JSON object.
absl::StatusOr<store::ModelVersion> VersionToPublish(const worker::v1::FinishRequest& finish,
                                                     const VerifiedArtifact& artifact);

// DATA_LOSS: what is stored cannot be read.
absl::StatusOr<v1::ModelVersion> ToProto(const store::ModelVersion& version,
                                         const store::ModelVersionDetails& details);

// What the answers of a version are as tensors.
struct AnswerForm {
  std::string task;
  AnswerTensor tensor;  // without values
};
// DATA_LOSS: what is stored cannot be read.
absl::StatusOr<AnswerForm> AnswerFormOf(const store::ModelVersion& version);

// `versions` are the model's version numbers, in any order.
v1::Model ToProto(const store::Model& model, std::vector<int64_t> versions);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_MODEL_H_
