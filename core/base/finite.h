#ifndef GRAFT_CORE_BASE_FINITE_H_
#define GRAFT_CORE_BASE_FINITE_H_

#include <algorithm>
#include <cmath>

#include "absl/types/span.h"

namespace graft {

// Whether none is NaN or infinite.
inline bool AllFinite(absl::Span<const float> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); });
}

}  // namespace graft

#endif  // GRAFT_CORE_BASE_FINITE_H_
