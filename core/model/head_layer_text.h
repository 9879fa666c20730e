#ifndef GRAFT_CORE_MODEL_HEAD_LAYER_TEXT_H_
#define GRAFT_CORE_MODEL_HEAD_LAYER_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/model/head_layers.h"

namespace graft::model {

// Layers as people write them, words apart by spaces:
//   dense UNITS   conv CHANNELS [KERNEL]   norm   relu   gelu   silu   tanh   dropout RATE
//   flatten   pool
// KERNEL is 1 where it is left out.

// "dense 64", "conv 128 3", "relu", "dropout 0.3".
std::string HeadLayerToText(const HeadLayer& layer);

// The inverse, whatever the case and the spaces. INVALID_ARGUMENT says what the layer lacks or has
// too much, or which sizes it takes; names neither the layer nor its place.
absl::StatusOr<HeadLayer> HeadLayerFromText(absl::string_view text);

// The same for a list; at most kMaxHeadLayers are read. The error names the layer by its index, as
// WalkHeadLayers does.
absl::StatusOr<std::vector<HeadLayer>> HeadLayersFromTexts(absl::Span<const std::string> texts);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_HEAD_LAYER_TEXT_H_
