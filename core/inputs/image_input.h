#ifndef GRAFT_CORE_INPUTS_IMAGE_INPUT_H_
#define GRAFT_CORE_INPUTS_IMAGE_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "core/data/dataset_reader.h"
#include "core/data/transforms.h"
#include "core/model/input_spec.h"

namespace graft::inputs {

// Turns a picture's bytes into what a backbone takes: [3, height, width] float32. Immutable; safe
// for concurrent use.
class ImageInput {
 public:
  explicit ImageInput(const model::InputSpec& spec) : spec_(spec) {}

  std::vector<int64_t> shape() const { return {3, spec_.height, spec_.width}; }  // of one example

  // Writes the example of an entry to `out`, as many floats as shape() says. Seed 0: plain, as
  // models are evaluated and served; else an augmentation that is a function of the seed. Errors
  // name the entry, as DatasetReader::Decode.
  absl::Status Read(const data::DatasetReader& dataset, int entry, uint64_t augmentation_seed,
                    float* out) const;

  // SHA-256 over all that decides what Read writes, besides the entry and the seed.
  std::string PlainDigest() const { return data::TransformDigest(spec_, nullptr); }
  std::string AugmentedDigest() const { return data::TransformDigest(spec_, &augment_); }

 private:
  const model::InputSpec spec_;
  const data::AugmentOptions augment_;
};

}  // namespace graft::inputs

#endif  // GRAFT_CORE_INPUTS_IMAGE_INPUT_H_
