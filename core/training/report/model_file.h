#ifndef GRAFT_CORE_TRAINING_REPORT_MODEL_FILE_H_
#define GRAFT_CORE_TRAINING_REPORT_MODEL_FILE_H_

#include <string>

#include "absl/status/statusor.h"

#include "core/model/model_description.h"
#include "core/novelty/training_features.h"
#include "core/training/network/trainable_network.h"

namespace graft::training {

// The model as it is published: a safetensors file of the head and of the stages from
// `first_changed` on, with the description in its metadata, and where `known` is not null the
// training examples by which unknown inputs are told. FAILED_PRECONDITION names a tensor that holds
// NaN or infinity: where nothing is held out no evaluation would have told.
absl::StatusOr<std::string> SerializeModel(const TrainableNetwork& network, int first_changed,
                                           const model::ModelDescription& description,
                                           const novelty::UnitVectors* known);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_REPORT_MODEL_FILE_H_
