#ifndef GRAFT_CORE_NN_HEAD_H_
#define GRAFT_CORE_NN_HEAD_H_

#include "absl/status/statusor.h"

#include "core/model/head_spec.h"
#include "core/nn/network_spec.h"

namespace graft {

// What features look like as a head's input.
Shape ShapeOf(const FeatureMap& features);
// The other way round: of a backbone's feature stages at an image size. `shape` is a map, tokens or
// a vector.
FeatureMap FeatureMapOf(const NetworkSpec& backbone, const Shape& shape);

// How a head that pools makes [C] of its features.
Op PoolingOf(const HeadSpec& head);

// A head as a network of one stage, "head": gives [outputs]. A head that pools takes features that
// are pooled already, [C], as they are. INVALID_ARGUMENT where ValidateHeadSpec fails.
absl::StatusOr<NetworkSpec> BuildHead(const HeadSpec& head);

}  // namespace graft

#endif  // GRAFT_CORE_NN_HEAD_H_
