#ifndef GRAFT_CORE_DRIFT_HALVED_COUNTS_H_
#define GRAFT_CORE_DRIFT_HALVED_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "core/model/drift.h"

namespace graft::drift {

// Counts of the last inputs in the bins of distributions, several of each input. Two halves of a
// window, of which the older one is dropped when the newer one is full: so they hold between half a
// window and a whole one, and take the memory of their bins however long the window is. Not safe
// for concurrent use.
class HalvedCounts {
 public:
  // Of the last `window` inputs, at least 2. Borrows the distributions.
  HalvedCounts(absl::Span<const model::Distribution> distributions, int64_t window);

  // One input; a value of each distribution, in their order. What is not finite is not counted.
  void Add(absl::Span<const double> values);

  int64_t inputs() const { return older_.inputs + newer_.inputs; }

  // Of the distribution at this place, over both halves.
  std::vector<int64_t> CountsOf(size_t place) const;
  double MeanOf(size_t place) const;  // of a number; 0 where nothing was counted

 private:
  struct Half {
    int64_t inputs = 0;
    std::vector<std::vector<int64_t>> counts;  // of each distribution, in its bins
    std::vector<double> sums;
  };
  Half Empty() const;

  const absl::Span<const model::Distribution> distributions_;
  const int64_t half_;
  Half older_;
  Half newer_;
};

}  // namespace graft::drift

#endif  // GRAFT_CORE_DRIFT_HALVED_COUNTS_H_
