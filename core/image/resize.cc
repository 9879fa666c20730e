#include "core/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace graft {
namespace {

// Coefficients are fixed-point, as in Pillow: 8 bits of result, 2 of headroom.
constexpr int kPrecision = 32 - 8 - 2;

double Triangle(double x) {
  x = std::fabs(x);
  return x < 1 ? 1 - x : 0;
}

// Keys 1981 with a = -0.5.
double Cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// For each output position: which inputs it reads, and their weights.
struct Filter {
  int taps = 0;  // weights reserved for each output
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights;
};

Filter MakeFilter(int in, int out, Interpolation interpolation) {
  const bool cubic = interpolation == Interpolation::kBicubic;
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * stretch;

  Filter filter;
  filter.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  filter.first.resize(out);
  filter.count.resize(out);
  filter.weights.assign(static_cast<size_t>(out) * filter.taps, 0);
  std::vector<double> exact(filter.taps);
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), in);
    double sum = 0;
    for (int j = first; j < end; ++j) {
      const double x = (j - center + 0.5) / stretch;
      exact[j - first] = cubic ? Cubic(x) : Triangle(x);
      sum += exact[j - first];
    }
    filter.first[i] = first;
    filter.count[i] = end - first;
    int32_t* weights = &filter.weights[static_cast<size_t>(i) * filter.taps];
    for (int j = 0; j < end - first; ++j) {
      const double value = exact[j] / sum * (1 << kPrecision);
      weights[j] = static_cast<int32_t>(value < 0 ? value - 0.5 : value + 0.5);
    }
  }
  return filter;
}

uint8_t ToByte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecision, 0, 255)); }

Image ResizeRows(const Image& image, int width, Interpolation interpolation) {
  const Filter filter = MakeFilter(image.width, width, interpolation);
  Image result = MakeImage(width, image.height);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* const in = image.row(y);
    uint8_t* out = result.row(y);
    for (int x = 0; x < width; ++x, out += 3) {
      const int32_t* weights = &filter.weights[static_cast<size_t>(x) * filter.taps];
      const uint8_t* pixel = in + 3 * filter.first[x];
      int32_t sum[3] = {1 << (kPrecision - 1), 1 << (kPrecision - 1), 1 << (kPrecision - 1)};
      for (int i = 0; i < filter.count[x]; ++i, pixel += 3) {
        for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * weights[i];
      }
      for (int c = 0; c < 3; ++c) out[c] = ToByte(sum[c]);
    }
  }
  return result;
}

Image ResizeColumns(const Image& image, int height, Interpolation interpolation) {
  const Filter filter = MakeFilter(image.height, height, interpolation);
  Image result = MakeImage(image.width, height);
  const int values = image.width * 3;
  std::vector<int32_t> sums(values);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), 1 << (kPrecision - 1));
    const int32_t* weights = &filter.weights[static_cast<size_t>(y) * filter.taps];
    for (int i = 0; i < filter.count[y]; ++i) {
      const uint8_t* const in = image.row(filter.first[y] + i);
      const int32_t weight = weights[i];
      for (int x = 0; x < values; ++x) sums[x] += in[x] * weight;
    }
    uint8_t* const out = result.row(y);
    for (int x = 0; x < values; ++x) out[x] = ToByte(sums[x]);
  }
  return result;
}

}  // namespace

Image Resize(const Image& image, int width, int height, Interpolation interpolation) {
  Image result;
  const Image* current = &image;
  if (width != image.width) {
    result = ResizeRows(image, width, interpolation);
    current = &result;
  }
  if (height != image.height) return ResizeColumns(*current, height, interpolation);
  return *current;
}

Image Crop(const Image& image, int x, int y, int width, int height) {
  Image result = MakeImage(width, height);
  const int left = std::max(x, 0);
  const int right = std::min(x + width, image.width);
  if (left >= right) return result;
  for (int row = std::max(y, 0); row < std::min(y + height, image.height); ++row) {
    std::memcpy(result.row(row - y) + 3 * (left - x), image.row(row) + 3 * left,
                static_cast<size_t>(right - left) * 3);
  }
  return result;
}

void FlipHorizontally(Image& image) {
  for (int y = 0; y < image.height; ++y) {
    uint8_t* left = image.row(y);
    uint8_t* right = left + 3 * (image.width - 1);
    for (; left < right; left += 3, right -= 3) std::swap_ranges(left, left + 3, right);
  }
}

}  // namespace graft
