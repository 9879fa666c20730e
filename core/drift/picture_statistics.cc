#include "core/drift/picture_statistics.h"

#include <algorithm>
#include <cmath>

namespace graft::drift {
namespace {

constexpr int kPlaces = 56;  // of a row, and of a column, that are looked at
constexpr double kWhite = 255;
constexpr double kLeastDeviation = 0.5;  // of the sum of three bytes: all are the same

}  // namespace

PictureStatistics StatisticsOf(absl::Span<const uint8_t> pixels, int height, int width) {
  const int down = std::max(1, height / kPlaces);
  const int right = std::max(1, width / kPlaces);
  int64_t places = 0;
  int64_t sum = 0;
  int64_t squares = 0;
  int64_t spread = 0;
  int64_t largest = 0;
  int64_t steps = 0;
  int64_t neighbours = 0;
  for (int y = 0; y < height; y += down) {
    const uint8_t* const row = pixels.data() + static_cast<size_t>(y) * width * 3;
    for (int x = 0; x < width; x += right) {
      const uint8_t* const at = row + static_cast<size_t>(x) * 3;
      const int value = at[0] + at[1] + at[2];
      const int most = std::max({at[0], at[1], at[2]});
      ++places;
      sum += value;
      squares += int64_t{value} * value;
      largest += most;
      spread += most - std::min({at[0], at[1], at[2]});
      if (x + 1 == width) continue;
      ++neighbours;
      steps += std::abs(at[3] + at[4] + at[5] - value);
    }
  }
  const auto count = static_cast<double>(places);
  const double mean = static_cast<double>(sum) / count;
  const double deviation =
      std::sqrt(std::max(0.0, static_cast<double>(squares) / count - mean * mean));
  const auto over = [](double value, double by) {
    return static_cast<float>(by > 0 ? value / by : 0);
  };
  return {static_cast<float>(mean / (3 * kWhite)), static_cast<float>(deviation / (3 * kWhite)),
          over(static_cast<double>(spread), static_cast<double>(largest)),
          deviation < kLeastDeviation
              ? 0
              : over(static_cast<double>(steps) / deviation, static_cast<double>(neighbours))};
}

}  // namespace graft::drift
