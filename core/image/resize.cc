#include "core/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/image/resize_kernels.h"

namespace graft::image {
namespace {

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

// Positions from `begin` up to `end`.
struct Range {
  int begin = 0;
  int end = 0;
  int size() const { return end - begin; }
};

// For each output position of a range: which inputs it reads, and their weights.
struct Filter {
  int taps = 0;  // weights reserved for each output
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights;
};

Filter MakeFilter(int in, int out, Range outputs, model::Interpolation interpolation) {
  const bool cubic = interpolation == model::Interpolation::kBicubic;
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * stretch;

  Filter filter;
  filter.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  filter.first.resize(outputs.size());
  filter.count.resize(outputs.size());
  filter.weights.assign(static_cast<size_t>(outputs.size()) * filter.taps, 0);
  std::vector<double> exact(filter.taps);
  for (int i = 0; i < outputs.size(); ++i) {
    const double center = (outputs.begin + i + 0.5) * scale;
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
      const double value = exact[j] / sum * (1 << kResizeBits);
      weights[j] = static_cast<int32_t>(value < 0 ? value - 0.5 : value + 0.5);
    }
  }
  return filter;
}

// Columns `columns` of the rows `rows`, resized to `width`.
Image ResizeRows(const Image& image, Range rows, int width, Range columns,
                 model::Interpolation interpolation) {
  const Filter filter = MakeFilter(image.width, width, columns, interpolation);
  Image result = MakeImage(columns.size(), rows.size());
  const uint8_t* const end = image.rgb.data() + image.rgb.size();
  for (int y = 0; y < rows.size(); ++y) {
    BestResizeKernels().row(image.row(rows.begin + y), end, filter.first.data(),
                            filter.count.data(), filter.weights.data(), filter.taps, columns.size(),
                            result.row(y));
  }
  return result;
}

// `image` holds the rows from `first_row` on of what `filter` reads.
Image ResizeColumns(const Image& image, int first_row, const Filter& filter) {
  const int height = static_cast<int>(filter.first.size());
  Image result = MakeImage(image.width, height);
  const int values = image.width * 3;
  for (int y = 0; y < height; ++y) {
    BestResizeKernels().column(image.row(filter.first[y] - first_row), values,
                               &filter.weights[static_cast<size_t>(y) * filter.taps],
                               filter.count[y], values, result.row(y));
  }
  return result;
}

}  // namespace

Image Resize(const Image& image, int width, int height, model::Interpolation interpolation) {
  return ResizeWindow(image, width, height, interpolation, 0, 0, width, height);
}

Image ResizeWindow(const Image& image, int width, int height, model::Interpolation interpolation,
                   int x, int y, int window_width, int window_height) {
  const Range columns{std::max(x, 0), std::min(x + window_width, width)};
  const Range rows{std::max(y, 0), std::min(y + window_height, height)};
  if (columns.size() <= 0 || rows.size() <= 0) return MakeImage(window_width, window_height);

  // The columns of the result first, of those rows only that its rows are made of.
  Filter vertical;
  Range source_rows = rows;
  if (height != image.height) {
    vertical = MakeFilter(image.height, height, rows, interpolation);
    source_rows = {vertical.first.front(), vertical.first.back() + vertical.count.back()};
  }
  Image result =
      width != image.width
          ? ResizeRows(image, source_rows, width, columns, interpolation)
          : Crop(image, columns.begin, source_rows.begin, columns.size(), source_rows.size());
  if (height != image.height) result = ResizeColumns(result, source_rows.begin, vertical);
  if (columns.size() == window_width && rows.size() == window_height) return result;
  return Crop(result, x - columns.begin, y - rows.begin, window_width, window_height);
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

}  // namespace graft::image
