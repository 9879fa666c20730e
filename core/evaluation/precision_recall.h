#ifndef GRAFT_CORE_EVALUATION_PRECISION_RECALL_H_
#define GRAFT_CORE_EVALUATION_PRECISION_RECALL_H_

#include <cstdint>

namespace graft::evaluation {

// 0 where the denominator is, as scikit-learn has it.
inline double RatioOrZero(int64_t numerator, int64_t denominator) {
  return denominator == 0 ? 0.0 : static_cast<double>(numerator) / static_cast<double>(denominator);
}

// How often something was there, was answered, and both.
struct HitCounts {
  int64_t hits = 0;
  int64_t predicted = 0;
  int64_t actual = 0;

  double precision() const { return RatioOrZero(hits, predicted); }
  double recall() const { return RatioOrZero(hits, actual); }
  double f1() const { return RatioOrZero(2 * hits, actual + predicted); }
};

}  // namespace graft::evaluation

#endif  // GRAFT_CORE_EVALUATION_PRECISION_RECALL_H_
