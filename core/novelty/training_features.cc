#include "core/novelty/training_features.h"

#include <algorithm>
#include <cmath>

namespace graft::novelty {
namespace {

constexpr float kMostByte = 127;
constexpr double kQuantile = 0.95;
// Held-out examples that are copies of training examples would make every other one unknown.
constexpr double kLeastUsualDistance = 0.01;
constexpr int64_t kMostExamples = 256;
constexpr int64_t kMostBytes = int64_t{1} << 19;

// Of two vectors of bytes. Compiled for wider vectors, too: it is most of what a score costs.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("avx2", "default"), optimize("O3")))
#endif
int32_t
Dot(const int8_t* a, const int8_t* b, int64_t width) {
  int32_t sum = 0;
  for (int64_t i = 0; i < width; ++i) sum += int32_t{a[i]} * b[i];
  return sum;
}

// The distance to the second nearest row; of vectors of length 1, by their cosine.
double Distance(int64_t width, absl::Span<const int8_t> rows, absl::Span<const float> scales,
                const UnitVectors& one) {
  float nearest = -1;
  float second = -1;
  for (size_t row = 0; row < scales.size(); ++row) {
    const int32_t dot = Dot(rows.data() + row * static_cast<size_t>(width), one.rows.data(), width);
    const float cosine = static_cast<float>(dot) * scales[row] * one.scales.front();
    if (cosine > nearest) {
      second = nearest;
      nearest = cosine;
    } else if (cosine > second) {
      second = cosine;
    }
  }
  return std::sqrt(std::max(0.0, 2 - 2 * static_cast<double>(second)));
}

UnitVectors Unit(absl::Span<const float> vector) {
  UnitVectors one;
  one.width = static_cast<int64_t>(vector.size());
  Append(vector, &one);
  return one;
}

}  // namespace

void Append(absl::Span<const float> vector, UnitVectors* to) {
  float largest = 0;
  for (const float value : vector) largest = std::max(largest, std::abs(value));
  const float factor = largest > 0 ? kMostByte / largest : 0;
  int64_t squares = 0;
  for (const float value : vector) {
    const auto byte = static_cast<int8_t>(std::lround(value * factor));
    squares += int64_t{byte} * byte;
    to->rows.push_back(byte);
  }
  // Of the bytes, not of the numbers that they stand for: a vector is at distance 0 from itself.
  to->scales.push_back(squares > 0 ? static_cast<float>(1 / std::sqrt(static_cast<double>(squares)))
                                   : 0);
}

float TrainingFeatures::UnknownScore(absl::Span<const float> features) const {
  const double distance = Distance(width_, rows_, scales_, Unit(features));
  return static_cast<float>(distance / usual_distance_);
}

int64_t ExamplesToKeep(int64_t width) {
  return std::clamp<int64_t>(kMostBytes / std::max<int64_t>(width, 1), 2, kMostExamples);
}

std::optional<Fit> FitNovelty(const std::vector<std::vector<float>>& training,
                              const std::vector<std::vector<float>>& held_out) {
  const auto count = static_cast<int64_t>(held_out.size());
  if (count < kFewestHeldOut || training.size() < 2) return std::nullopt;
  Fit fit;
  fit.training.width = static_cast<int64_t>(training.front().size());
  for (const std::vector<float>& vector : training) Append(vector, &fit.training);
  std::vector<double> distances;
  for (const std::vector<float>& vector : held_out) {
    distances.push_back(
        Distance(fit.training.width, fit.training.rows, fit.training.scales, Unit(vector)));
  }
  std::sort(distances.begin(), distances.end());
  // As split conformal prediction takes a quantile: of one more example like those.
  const auto rank = static_cast<int64_t>(std::ceil(static_cast<double>(count + 1) * kQuantile));
  fit.record = {fit.training.count(), fit.training.width, count,
                std::max(kLeastUsualDistance, distances[std::min(rank, count) - 1])};
  return fit;
}

}  // namespace graft::novelty
