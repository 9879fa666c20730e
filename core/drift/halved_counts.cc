#include "core/drift/halved_counts.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace graft::drift {

HalvedCounts::HalvedCounts(absl::Span<const model::Distribution> distributions, int64_t window)
    : distributions_(distributions), half_(window / 2), older_(Empty()), newer_(Empty()) {}

HalvedCounts::Half HalvedCounts::Empty() const {
  Half half;
  half.sums.resize(distributions_.size());
  for (const model::Distribution& each : distributions_)
    half.counts.emplace_back(each.counts.size());
  return half;
}

void HalvedCounts::Add(absl::Span<const double> values) {
  if (newer_.inputs == half_) older_ = std::exchange(newer_, Empty());
  ++newer_.inputs;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    ++newer_.counts[i][model::BinOf(distributions_[i], values[i])];
    newer_.sums[i] += values[i];
  }
}

std::vector<int64_t> HalvedCounts::CountsOf(size_t place) const {
  std::vector<int64_t> counts = older_.counts[place];
  for (size_t bin = 0; bin < counts.size(); ++bin) counts[bin] += newer_.counts[place][bin];
  return counts;
}

double HalvedCounts::MeanOf(size_t place) const {
  const std::vector<int64_t> counts = CountsOf(place);
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  if (total == 0) return 0;
  return (older_.sums[place] + newer_.sums[place]) / static_cast<double>(total);
}

}  // namespace graft::drift
