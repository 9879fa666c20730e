#ifndef GRAFT_CORE_DRIFT_REFERENCE_H_
#define GRAFT_CORE_DRIFT_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

#include "core/model/drift.h"

namespace graft::drift {

// Fewer examples tell nothing to compare with.
inline constexpr size_t kFewestExamples = 10;

// How numbers are spread: in bins between their own quantiles, ten of them, or fewer where one
// would hold fewer than ten numbers or where many are equal. `values` are finite, at least one.
// Pure.
model::Distribution DistributionOf(std::string of, std::vector<double> values);

// How often each of so many kinds comes. Pure.
model::Distribution DistributionOfKinds(absl::Span<const double> values, size_t kinds);

}  // namespace graft::drift

#endif  // GRAFT_CORE_DRIFT_REFERENCE_H_
