#include "core/image/color.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace graft::image {
namespace {

// ITU-R 601 luma, as Pillow's convert("L").
int Grey(const uint8_t* rgb) {
  return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16;
}

uint8_t Blend(double base, double value, double factor) {
  return static_cast<uint8_t>(std::clamp(base + factor * (value - base), 0.0, 255.0));
}

template <typename F>
void ForEachPixel(Image& image, F&& f) {
  for (size_t i = 0; i + 2 < image.rgb.size(); i += 3) f(&image.rgb[i]);
}

}  // namespace

void AdjustBrightness(Image& image, double factor) {
  for (uint8_t& value : image.rgb) value = Blend(0, value, factor);
}

void AdjustContrast(Image& image, double factor) {
  double sum = 0;
  ForEachPixel(image, [&](const uint8_t* rgb) { sum += Grey(rgb); });
  const double mean = std::floor(sum / (static_cast<double>(image.rgb.size()) / 3) + 0.5);
  for (uint8_t& value : image.rgb) value = Blend(mean, value, factor);
}

void AdjustSaturation(Image& image, double factor) {
  ForEachPixel(image, [&](uint8_t* rgb) {
    const int grey = Grey(rgb);
    for (int c = 0; c < 3; ++c) rgb[c] = Blend(grey, rgb[c], factor);
  });
}

void AdjustHue(Image& image, double shift) {
  ForEachPixel(image, [&](uint8_t* rgb) {
    const double high = std::max({rgb[0], rgb[1], rgb[2]});
    const double low = std::min({rgb[0], rgb[1], rgb[2]});
    const double range = high - low;
    if (range == 0) return;
    double hue;  // in sixths of the circle
    if (high == rgb[0]) {
      hue = (rgb[1] - rgb[2]) / range;
    } else if (high == rgb[1]) {
      hue = 2 + (rgb[2] - rgb[0]) / range;
    } else {
      hue = 4 + (rgb[0] - rgb[1]) / range;
    }
    hue = std::fmod(hue + 6 * shift + 12, 6.0);
    // Each channel as a function of its distance from its own hue.
    const double at[3] = {5, 3, 1};
    for (int c = 0; c < 3; ++c) {
      const double k = std::fmod(at[c] + hue, 6.0);
      const double share = std::clamp(std::min(k, 4 - k), 0.0, 1.0);
      rgb[c] = static_cast<uint8_t>(std::lround(high - range * share));
    }
  });
}

}  // namespace graft::image
