#ifndef GRAFT_CORE_DATA_TRANSFORMS_H_
#define GRAFT_CORE_DATA_TRANSFORMS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/random.h"
#include "core/image/image.h"
#include "core/model/input_spec.h"

namespace graft::data {

// How training images are varied. The defaults are milder than for training from scratch: with few
// images, an object cropped away teaches the wrong thing.
struct AugmentOptions {
  double min_area = 0.35;         // of the picture that a random crop keeps; (0, 1]
  double max_aspect = 4.0 / 3.0;  // of the crop, and its inverse; >= 1
  double flip_probability = 0.5;  // left to right
  double brightness = 0.2;        // factors in 1 +- this; [0, 1)
  double contrast = 0.2;
  double saturation = 0.2;
  double hue = 0.02;  // shift in +- this of the colour circle; [0, 0.5]

  friend bool operator==(const AugmentOptions&, const AugmentOptions&) = default;
};

// Values that one prepared image takes: 3 * height * width.
inline size_t PreparedValues(const model::InputSpec& spec) {
  return size_t{3} * static_cast<size_t>(spec.height) * static_cast<size_t>(spec.width);
}

// Where a picture comes to lie under an input of `spec`: it is resized to width x height, and the
// input is the window of the spec's size at (x, y), black outside the picture.
struct FramedPicture {
  int width = 0;
  int height = 0;
  int x = 0;
  int y = 0;
};

// What the spec's framing says of a picture of this size. Pure.
FramedPicture Frame(int picture_width, int picture_height, const model::InputSpec& spec);

// How many times smaller (1, 2, 4 or 8) a picture of this size, upright, may be decoded and still
// have each side twice as long as it is to be resized to: what is thrown away then, the resize
// would have averaged away, and pixels come out within two levels in the mean of what they would
// be. Pure.
int ReductionFor(int picture_width, int picture_height, const model::InputSpec& spec);

// What a network that normalises by itself is served with: the framed picture, [height, width, 3]
// in the spec's channel order.
std::vector<uint8_t> FramePixels(const image::Image& image, const model::InputSpec& spec);

// What a model is evaluated with: frame, normalise. `out`: planar [3, height, width]. Normalised,
// the pixels of FramePixels are the same.
void PrepareForEvaluation(const image::Image& image, const model::InputSpec& spec, float* out);

// A random crop resized to the input (Szegedy et al. 2015), flip, colour jitter, normalise.
void PrepareForTraining(const image::Image& image, const model::InputSpec& spec,
                        const AugmentOptions& augment, Random& random, float* out);

// SHA-256 over all that decides what the network sees, for cache keys. `augment` null: evaluation.
std::string TransformDigest(const model::InputSpec& spec, const AugmentOptions* augment);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_TRANSFORMS_H_
