#include "core/data/transforms.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/base/sha256.h"
#include "core/image/color.h"
#include "core/image/resize.h"

namespace graft::data {
namespace {

// Counted up when the arithmetic of a transform changes: cached features are then made anew.
constexpr int kVersion = 1;

void Normalise(const image::Image& image, const model::InputSpec& spec, float* out) {
  const size_t plane = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  const model::PixelScale pixels = model::PixelScaleOf(spec);
  for (int c = 0; c < 3; ++c) {
    const int from = spec.channel_order == model::ChannelOrder::kRgb ? c : 2 - c;
    const float scale = pixels.scale[c];
    const float shift = pixels.shift[c];
    float* const target = out + plane * static_cast<size_t>(c);
    for (size_t i = 0; i < plane; ++i) {
      target[i] = static_cast<float>(image.rgb[3 * i + static_cast<size_t>(from)]) * scale + shift;
    }
  }
}

// The window alone: all of a picture of 32768 x 1 pixels would be gigabytes.
image::Image Framed(const image::Image& image, const model::InputSpec& spec) {
  const FramedPicture framed = Frame(image.width, image.height, spec);
  return image::ResizeWindow(image, framed.width, framed.height, spec.interpolation, framed.x,
                             framed.y, spec.width, spec.height);
}

struct Box {
  int x = 0, y = 0, width = 0, height = 0;
};

// As torchvision's RandomResizedCrop: ten tries at an area and an aspect, else the centre.
Box RandomBox(const image::Image& image, const AugmentOptions& augment, Random& random) {
  const double area = static_cast<double>(image.width) * image.height;
  const double log_aspect = std::log(augment.max_aspect);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.Uniform(augment.min_area, 1);
    const double aspect = std::exp(random.Uniform(-log_aspect, log_aspect));
    const int width = static_cast<int>(std::lround(std::sqrt(target * aspect)));
    const int height = static_cast<int>(std::lround(std::sqrt(target / aspect)));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    const auto x = static_cast<int>(random.Below(static_cast<uint64_t>(image.width - width) + 1));
    const auto y = static_cast<int>(random.Below(static_cast<uint64_t>(image.height - height) + 1));
    return {x, y, width, height};
  }
  const double aspect = static_cast<double>(image.width) / image.height;
  Box box{0, 0, image.width, image.height};
  if (aspect > augment.max_aspect) {
    box.width = std::max(1, static_cast<int>(std::lround(image.height * augment.max_aspect)));
  } else if (aspect < 1 / augment.max_aspect) {
    box.height = std::max(1, static_cast<int>(std::lround(image.width * augment.max_aspect)));
  }
  box.x = (image.width - box.width) / 2;
  box.y = (image.height - box.height) / 2;
  return box;
}

void JitterColours(image::Image& image, const AugmentOptions& augment, Random& random) {
  const auto factor = [&](double strength) { return random.Uniform(1 - strength, 1 + strength); };
  if (augment.brightness > 0) image::AdjustBrightness(image, factor(augment.brightness));
  if (augment.contrast > 0) image::AdjustContrast(image, factor(augment.contrast));
  if (augment.saturation > 0) image::AdjustSaturation(image, factor(augment.saturation));
  if (augment.hue > 0) image::AdjustHue(image, random.Uniform(-augment.hue, augment.hue));
}

}  // namespace

FramedPicture Frame(int picture_width, int picture_height, const model::InputSpec& spec) {
  FramedPicture framed;
  switch (spec.framing) {
    case model::Framing::kCentreCrop: {
      const int shorter = std::min(picture_width, picture_height);
      // For inputs that are not square the scale is that of the side that needs it most.
      const int wanted =
          static_cast<int>(std::floor(std::max(spec.height, spec.width) / spec.crop_fraction));
      const auto scaled = [&](int side) {
        return side == shorter ? wanted
                               : static_cast<int>(static_cast<int64_t>(wanted) * side / shorter);
      };
      framed.width = scaled(picture_width);
      framed.height = scaled(picture_height);
      break;
    }
    case model::Framing::kSqueeze:
      return {spec.width, spec.height, 0, 0};
    case model::Framing::kLetterbox: {
      const double scale = std::min(static_cast<double>(spec.width) / picture_width,
                                    static_cast<double>(spec.height) / picture_height);
      const auto scaled = [&](int side, int most) {
        return std::clamp(static_cast<int>(std::lround(scale * side)), 1, most);
      };
      framed.width = scaled(picture_width, spec.width);
      framed.height = scaled(picture_height, spec.height);
      break;
    }
  }
  framed.x = static_cast<int>(std::nearbyint((framed.width - spec.width) / 2.0));
  framed.y = static_cast<int>(std::nearbyint((framed.height - spec.height) / 2.0));
  return framed;
}

int ReductionFor(int picture_width, int picture_height, const model::InputSpec& spec) {
  const FramedPicture framed = Frame(picture_width, picture_height, spec);
  for (const int reduction : {8, 4, 2}) {
    if (picture_width / reduction >= 2 * framed.width &&
        picture_height / reduction >= 2 * framed.height) {
      return reduction;
    }
  }
  return 1;
}

std::vector<uint8_t> FramePixels(const image::Image& image, const model::InputSpec& spec) {
  image::Image framed = Framed(image, spec);
  if (spec.channel_order == model::ChannelOrder::kBgr) {
    for (size_t i = 0; i + 2 < framed.rgb.size(); i += 3)
      std::swap(framed.rgb[i], framed.rgb[i + 2]);
  }
  return std::move(framed.rgb);
}

void PrepareForEvaluation(const image::Image& image, const model::InputSpec& spec, float* out) {
  Normalise(Framed(image, spec), spec, out);
}

void PrepareForTraining(const image::Image& image, const model::InputSpec& spec,
                        const AugmentOptions& augment, Random& random, float* out) {
  const Box box = RandomBox(image, augment, random);
  image::Image view = image::Resize(image::Crop(image, box.x, box.y, box.width, box.height),
                                    spec.width, spec.height, spec.interpolation);
  if (random.Uniform() < augment.flip_probability) image::FlipHorizontally(view);
  JitterColours(view, augment, random);
  Normalise(view, spec, out);
}

std::string TransformDigest(const model::InputSpec& spec, const AugmentOptions* augment) {
  std::string text = absl::StrCat("transform ", kVersion, " ", model::InputSpecToJson(spec));
  if (augment != nullptr) {
    absl::StrAppendFormat(&text, " %.17g %.17g %.17g %.17g %.17g %.17g %.17g", augment->min_area,
                          augment->max_aspect, augment->flip_probability, augment->brightness,
                          augment->contrast, augment->saturation, augment->hue);
  }
  return Sha256Hex(text);
}

}  // namespace graft::data
