#ifndef GRAFT_CORE_INPUTS_INPUT_H_
#define GRAFT_CORE_INPUTS_INPUT_H_

#include <variant>

#include "core/inputs/image_input.h"

namespace graft::inputs {

// What a backbone reads, and how an entry of a dataset becomes an example of it. Each kind has
// shape(), Read(), PlainDigest() and AugmentedDigest() with the meaning that ImageInput gives them;
// its examples are all of one shape and are stacked into batches.
using Input = std::variant<ImageInput>;

inline Input InputFor(const model::InputSpec& spec) { return ImageInput(spec); }

}  // namespace graft::inputs

#endif  // GRAFT_CORE_INPUTS_INPUT_H_
