#ifndef GRAFT_CORE_NN_HEAD_H_
#define GRAFT_CORE_NN_HEAD_H_

#include <vector>

#include "absl/status/statusor.h"

#include "core/model/head_spec.h"
#include "core/nn/network_spec.h"

namespace graft::nn {

// What features look like as a head's input.
Shape ShapeOf(const model::FeatureMap& features);
// The other way round: of a backbone's feature stages at an image size. `shape` is a map, tokens or
// a vector.
model::FeatureMap FeatureMapOf(const NetworkSpec& backbone, const Shape& shape);

// What each of a backbone's feature stages gives for one image, bottom first. A backbone whose
// tokens have prefixes has them in all its stages of tokens. INVALID_ARGUMENT where shapes do not
// agree.
absl::StatusOr<std::vector<model::StageFeatures>> StageFeaturesOf(const NetworkSpec& backbone,
                                                                  int height, int width);

// The nodes of `backbone` whose outputs are a head's taps, in their order. INVALID_ARGUMENT names
// a stage that the backbone's feature stages up to `cut` (not with it) do not have.
absl::StatusOr<std::vector<int>> TapNodes(const model::HeadSpec& head, const NetworkSpec& backbone,
                                          int cut);

// How `pooling`, which is not none, makes [C] of such features.
Op PoolingOf(model::Pooling pooling, const model::FeatureMap& features);

// A head as a network of one stage, "head": gives [outputs]. A head that pools takes features that
// are pooled already, [C], as they are; one with taps takes nothing else. INVALID_ARGUMENT where
// ValidateHeadSpec fails.
absl::StatusOr<NetworkSpec> BuildHead(const model::HeadSpec& head);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_HEAD_H_
