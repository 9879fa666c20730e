#include "core/novelty/training_features.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace graft::novelty {
namespace {

constexpr float kMostByte = 127;
constexpr double kQuantile = 0.95;
// Held-out examples that are copies of training examples would make every other one unknown.
constexpr double kLeastUsualDistance = 0.01;
constexpr int64_t kMostExamples = 128;
constexpr int64_t kMostBytes = int64_t{1} << 18;

// Of two vectors of bytes.
int32_t PlainDot(const int8_t* a, const int8_t* b, int64_t width) {
  int32_t sum = 0;
  for (int64_t i = 0; i < width; ++i) sum += int32_t{a[i]} * b[i];
  return sum;
}

#if defined(__x86_64__)
// The same, sixteen at a time: it is most of what a score costs.
__attribute__((target("avx2"))) int32_t Avx2Dot(const int8_t* a, const int8_t* b, int64_t width) {
  __m256i sums = _mm256_setzero_si256();
  int64_t i = 0;
  for (; i + 16 <= width; i += 16) {
    const __m256i x =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i)));
    const __m256i y =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + i)));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(x, y));
  }
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  four = _mm_hadd_epi32(four, four);
  four = _mm_hadd_epi32(four, four);
  return _mm_cvtsi128_si32(four) + PlainDot(a + i, b + i, width - i);
}
#endif

using DotFunction = int32_t (*)(const int8_t*, const int8_t*, int64_t);

DotFunction FastestDot() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &Avx2Dot;
#endif
  return &PlainDot;
}

// The distance to the second nearest row; of vectors of length 1, by their cosine.
double Distance(int64_t width, absl::Span<const int8_t> rows, absl::Span<const float> scales,
                const UnitVectors& one) {
  static const DotFunction dot_of = FastestDot();
  float nearest = -1;
  float second = -1;
  for (size_t row = 0; row < scales.size(); ++row) {
    const int32_t dot =
        dot_of(rows.data() + row * static_cast<size_t>(width), one.rows.data(), width);
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
  const size_t begin = to->rows.size();
  to->rows.resize(begin + vector.size());
  for (size_t i = 0; i < vector.size(); ++i) {
    // To the nearest, halves away from 0; not std::lround, which is a call for each.
    const float scaled = vector[i] * factor;
    const int byte = static_cast<int>(scaled + (scaled < 0 ? -0.5f : 0.5f));
    squares += int64_t{byte} * byte;
    to->rows[begin + i] = static_cast<int8_t>(byte);
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
