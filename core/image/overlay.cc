#include "core/image/overlay.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace graft::image {
namespace {

constexpr float kOutside = 0.35f;     // of the picture's light, where the map does not reach
constexpr float kLeastCover = 0.25f;  // of the colours, where the map says 0 ...
constexpr float kMostCover = 0.65f;   // ... and 1

using Colour = std::array<float, 3>;

// Blue, cyan, green, yellow, red.
Colour ColourOf(float value) {
  constexpr std::array<Colour, 5> kStops = {
      {{40, 60, 200}, {0, 190, 220}, {60, 200, 80}, {250, 220, 40}, {220, 30, 30}}};
  const float at = std::clamp(value, 0.f, 1.f) * (kStops.size() - 1);
  const auto low = std::min(static_cast<size_t>(at), kStops.size() - 2);
  const float part = at - static_cast<float>(low);
  Colour colour;
  for (size_t i = 0; i < colour.size(); ++i) {
    colour[i] = kStops[low][i] * (1 - part) + kStops[low + 1][i] * part;
  }
  return colour;
}

// The map between its places, whose values are those of their centres; `x` and `y` in places.
float ValueAt(const model::HeatMap& map, double x, double y) {
  const double cx = std::clamp(x - 0.5, 0.0, static_cast<double>(map.width - 1));
  const double cy = std::clamp(y - 0.5, 0.0, static_cast<double>(map.height - 1));
  const int x0 = static_cast<int>(cx);
  const int y0 = static_cast<int>(cy);
  const int x1 = std::min(x0 + 1, map.width - 1);
  const int y1 = std::min(y0 + 1, map.height - 1);
  const auto fx = static_cast<float>(cx - x0);
  const auto fy = static_cast<float>(cy - y0);
  const auto at = [&](int column, int row) { return map.values[row * map.width + column]; };
  return (at(x0, y0) * (1 - fx) + at(x1, y0) * fx) * (1 - fy) +
         (at(x0, y1) * (1 - fx) + at(x1, y1) * fx) * fy;
}

}  // namespace

Image DrawHeatMap(const Image& picture, const model::HeatMap& map) {
  Image drawn = picture;
  for (int y = 0; y < drawn.height; ++y) {
    uint8_t* pixel = drawn.row(y);
    const double row = ((y + 0.5) / drawn.height - map.top) / (map.bottom - map.top);
    for (int x = 0; x < drawn.width; ++x, pixel += 3) {
      const double column = ((x + 0.5) / drawn.width - map.left) / (map.right - map.left);
      const bool inside = row >= 0 && row <= 1 && column >= 0 && column <= 1;
      Colour colour = {};
      float cover = 1 - kOutside;
      if (inside) {
        const float value = ValueAt(map, column * map.width, row * map.height);
        colour = ColourOf(value);
        cover = kLeastCover + (kMostCover - kLeastCover) * value;
      }
      for (size_t i = 0; i < colour.size(); ++i) {
        const float mixed = static_cast<float>(pixel[i]) * (1 - cover) + colour[i] * cover;
        pixel[i] = static_cast<uint8_t>(std::lround(std::clamp(mixed, 0.f, 255.f)));
      }
    }
  }
  return drawn;
}

}  // namespace graft::image
