#ifndef GRAFT_CORE_SERVING_SEGMENT_PLAN_H_
#define GRAFT_CORE_SERVING_SEGMENT_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/model/model_description.h"
#include "core/nn/network_spec.h"
#include "core/nn/segment_spec.h"
#include "core/serving/trunk_plan.h"

namespace graft::serving {

// How a model is computed: what it has in common with others over the same backbone first, then
// what is its own. The head's pooling belongs to the common part where all of that is the
// backbone's, so that vectors and not maps are handed on.
struct SegmentPlan {
  int cut = 0;               // stages [0, cut) of the backbone make the features
  std::vector<int> changed;  // those of [0, cut) that are the model's own, bottom first
  int borrowed = 0;          // [0, borrowed) hold all that are not: the backbone's as they are

  // What the backbone's own tensors compute, up to an exit of a trunk: the same for all models with
  // this id. Absent where the model has changed the lowest stage, or reads it beside a stage that
  // it has changed.
  std::optional<nn::NetworkSpec> common;
  std::string common_id;
  // What tells the trunks apart that models over the backbone share (trunk.h).
  std::string trunk_key;
  TrunkExit exit;
  // What the features are joined from, of a head that reads several stages. Such heads have a trunk
  // of their own, with those alone that read the same.
  std::vector<nn::Reading> readings;
  // The rest, the head at its end: gives the head's outputs, and after them, where `own_embeds`,
  // the embedding (RowNumbers). Else the embedding is what `own` reads.
  nn::NetworkSpec own;
  bool own_embeds = false;
  int64_t embedding_width = 0;

  // What one input holds at its peak while a part runs, in bytes of float32 activations: of the
  // trunk wherever models leave it.
  int64_t trunk_row_bytes = 0;
  int64_t own_row_bytes = 0;
};

// A piece of the model's trunk as a network. INVALID_ARGUMENT as InferShapes. Pure.
absl::StatusOr<nn::NetworkSpec> PieceSpec(const SegmentPlan& plan, const TrunkPiece& piece,
                                          const nn::NetworkSpec& backbone,
                                          const model::InputSpec& input);

// DATA_LOSS where the description does not go with the backbone. Pure.
absl::StatusOr<SegmentPlan> PlanSegments(const model::ModelDescription& description,
                                         const nn::NetworkSpec& backbone);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_SEGMENT_PLAN_H_
