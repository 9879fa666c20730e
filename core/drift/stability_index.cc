#include "core/drift/stability_index.h"

#include <algorithm>
#include <cmath>

namespace graft::drift {
namespace {

constexpr double kTail = 0.001;

int64_t Sum(absl::Span<const int64_t> counts) {
  int64_t sum = 0;
  for (const int64_t count : counts) sum += count;
  return sum;
}

}  // namespace

double NormalQuantile(double tail) {
  const double t = std::sqrt(-2 * std::log(tail));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) /
                 (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
}

double ChiSquareQuantile(double degrees, double tail) {
  const double variance = 2 / (9 * degrees);
  const double root = 1 - variance + NormalQuantile(tail) * std::sqrt(variance);
  return degrees * root * root * root;
}

Stability CompareCounts(absl::Span<const int64_t> now, absl::Span<const int64_t> reference,
                        size_t compared) {
  Stability told;
  const auto n = static_cast<double>(Sum(now));
  const auto m = static_cast<double>(Sum(reference));
  if (n == 0 || m == 0) return told;
  double bins = 0;
  for (size_t i = 0; i < now.size(); ++i) bins += now[i] + reference[i] > 0 ? 1 : 0;
  double largest = 0;
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i] + reference[i] == 0) continue;
    const double p = (static_cast<double>(now[i]) + 0.5) / (n + bins / 2);
    const double q = (static_cast<double>(reference[i]) + 0.5) / (m + bins / 2);
    const double term = (p - q) * std::log(p / q);
    told.psi += term;
    if (term > largest) {
      largest = term;
      told.most = i;
    }
  }
  const double degrees = bins - 1;
  if (degrees < 1) return told;
  const double scale = 1 / n + 1 / m;
  const double tail = kTail / static_cast<double>(std::max<size_t>(compared, 1));
  if (told.psi > scale * ChiSquareQuantile(degrees, tail)) {
    told.index = told.psi - scale * degrees;
  }
  return told;
}

}  // namespace graft::drift
