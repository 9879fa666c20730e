#include "core/drift/reference.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace graft::drift {
namespace {

constexpr size_t kMostBins = 10;
constexpr size_t kExamplesABin = 10;

void CountAll(absl::Span<const double> values, model::Distribution* into) {
  for (const double value : values) ++into->counts[model::BinOf(*into, value)];
}

}  // namespace

model::Distribution DistributionOf(std::string of, std::vector<double> values) {
  model::Distribution made;
  made.of = std::move(of);
  std::sort(values.begin(), values.end());
  const size_t bins = std::clamp<size_t>(values.size() / kExamplesABin, 2, kMostBins);
  for (size_t bin = 1; bin < bins; ++bin) {
    const double edge = values[(values.size() - 1) * bin / bins];
    if (made.edges.empty() || edge > made.edges.back()) made.edges.push_back(edge);
  }
  made.counts.resize(made.edges.size() + 1);
  CountAll(values, &made);
  const auto count = static_cast<double>(values.size());
  for (const double value : values) made.mean += value / count;
  double variance = 0;
  for (const double value : values) {
    variance += (value - made.mean) * (value - made.mean) / count;
  }
  made.deviation = std::sqrt(variance);
  return made;
}

model::Distribution DistributionOfKinds(absl::Span<const double> values, size_t kinds) {
  model::Distribution made;
  made.counts.resize(kinds);
  CountAll(values, &made);
  return made;
}

}  // namespace graft::drift
