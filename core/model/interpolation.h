#ifndef GRAFT_CORE_MODEL_INTERPOLATION_H_
#define GRAFT_CORE_MODEL_INTERPOLATION_H_

namespace graft::model {

// How a picture is resized; both with anti-aliasing, as Pillow does.
enum class Interpolation { kBilinear, kBicubic };

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_INTERPOLATION_H_
