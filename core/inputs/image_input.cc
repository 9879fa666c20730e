#include "core/inputs/image_input.h"

#include "core/base/status_macros.h"
#include "core/data/random.h"

namespace graft::inputs {

absl::Status ImageInput::Read(const data::DatasetReader& dataset, int entry,
                              uint64_t augmentation_seed, float* out) const {
  GRAFT_ASSIGN_OR_RETURN(const image::Image image, dataset.Decode(entry));
  if (augmentation_seed == 0) {
    data::PrepareForEvaluation(image, spec_, out);
  } else {
    data::Random random(augmentation_seed);
    data::PrepareForTraining(image, spec_, augment_, random, out);
  }
  return absl::OkStatus();
}

}  // namespace graft::inputs
