#include "core/engine/activation_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace graft::engine {
namespace {

constexpr double kSteps = 255;
constexpr size_t kEnds = 128;  // that are tried of a side, evenly spread

// Of values of one sign, by magnitude: how far off they come out where those above an end become
// the end.
class Clipping {
 public:
  Clipping(absl::Span<const uint64_t> bins, double width) : width_(width) {
    counts_.resize(bins.size() + 1);
    sums_.resize(bins.size() + 1);
    squares_.resize(bins.size() + 1);
    for (size_t i = bins.size(); i-- > 0;) {
      const auto count = static_cast<double>(bins[i]);
      const double middle = (static_cast<double>(i) + 0.5) * width;
      counts_[i] = counts_[i + 1] + count;
      sums_[i] = sums_[i + 1] + count * middle;
      squares_[i] = squares_[i + 1] + count * middle * middle;
    }
  }

  double all() const { return counts_[0]; }

  // The sum of squared errors of what lies in bins from `bin` on, which end there, and of what lies
  // below, which is rounded to steps of this size.
  double Error(size_t bin, double step) const {
    const double end = static_cast<double>(bin) * width_;
    const double clipped = squares_[bin] - 2 * end * sums_[bin] + end * end * counts_[bin];
    return clipped + (counts_[0] - counts_[bin]) * step * step / 12;
  }

 private:
  const double width_;
  // Of all values from a bin on.
  std::vector<double> counts_, sums_, squares_;
};

// Bins that anything lies in, counted from 0.
size_t Used(absl::Span<const uint64_t> bins) {
  size_t used = bins.size();
  while (used > 0 && bins[used - 1] == 0) --used;
  return used;
}

// Where a side may end, in bins; at 0 alone where nothing lies in any.
std::vector<size_t> Ends(size_t used) {
  if (used == 0) return {0};
  std::vector<size_t> ends;
  for (size_t i = 1; i <= kEnds; ++i) {
    const size_t end = std::max<size_t>(1, used * i / kEnds);
    if (ends.empty() || ends.back() != end) ends.push_back(end);
  }
  return ends;
}

}  // namespace

void ActivationHistogram::MakeRoomFor(float magnitude) {
  const auto bins = static_cast<float>(kBins);
  if (width_ == 0) {
    width_ = std::max(magnitude / bins, std::numeric_limits<float>::min());
  }
  while (magnitude >= width_ * bins) {
    for (std::vector<uint64_t>* const side : {&below_, &above_}) {
      for (size_t i = 0; i < kBins / 2; ++i) (*side)[i] = (*side)[2 * i] + (*side)[2 * i + 1];
      std::fill(side->begin() + kBins / 2, side->end(), 0);
    }
    width_ *= 2;
  }
}

void ActivationHistogram::Add(absl::Span<const float> values) {
  float largest = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) {
      finite_ = false;
      return;
    }
    largest = std::max(largest, std::abs(value));
  }
  if (largest == 0) return;
  MakeRoomFor(largest);
  const float per_bin = 1 / width_;
  for (const float value : values) {
    if (value == 0) continue;
    const auto bin = std::min(static_cast<size_t>(std::abs(value) * per_bin), kBins - 1);
    ++(value < 0 ? below_ : above_)[bin];
  }
}

std::optional<std::pair<float, float>> ActivationHistogram::BestRange() const {
  const Clipping below(below_, width_);
  const Clipping above(above_, width_);
  if (below.all() + above.all() == 0) return std::nullopt;
  double least = std::numeric_limits<double>::infinity();
  double low = 0;
  double high = 0;
  for (const size_t begin : Ends(Used(below_))) {
    for (const size_t end : Ends(Used(above_))) {
      const double step = static_cast<double>(begin + end) * width_ / kSteps;
      if (step == 0) continue;
      const double error = below.Error(begin, step) + above.Error(end, step);
      if (error >= least) continue;
      least = error;
      low = static_cast<double>(begin) * width_;
      high = static_cast<double>(end) * width_;
    }
  }
  const double step = (low + high) / kSteps;
  // Above 0 there is a step at least, as ranges have it.
  const double steps_below = std::min(std::round(low / step), kSteps - 1);
  return std::pair(static_cast<float>(-steps_below * step),
                   static_cast<float>((kSteps - steps_below) * step));
}

}  // namespace graft::engine
