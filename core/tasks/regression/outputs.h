#ifndef GRAFT_CORE_TASKS_REGRESSION_OUTPUTS_H_
#define GRAFT_CORE_TASKS_REGRESSION_OUTPUTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/evaluation/conformal.h"

namespace graft::tasks {

inline constexpr char kRegressionTask[] = "regression";

// How a number is turned into a target of mean 0 and deviation 1, and back:
// number = target * deviation + mean.
struct NumberScale {
  double mean = 0;
  double deviation = 1;  // above 0

  friend bool operator==(const NumberScale&, const NumberScale&) = default;
};

// What the outputs of a regression mean: the `outputs` of its ModelDescription. No LibTorch.
struct RegressionOutputs {
  std::vector<std::string> names;   // of the numbers, in the order of the outputs
  std::vector<NumberScale> scales;  // one a name
  // Absolute errors of the validation part, in deviations, one a name; empty: nothing was held out.
  std::vector<evaluation::ConformalScores> conformal = {};

  friend bool operator==(const RegressionOutputs&, const RegressionOutputs&) = default;
};

// INVALID_ARGUMENT where there are no numbers, a name comes twice, or a scale is missing, not
// finite, or without a deviation above 0.
absl::Status Validate(const RegressionOutputs& outputs);

// {"numbers":[{"name":"age","mean":41.2,"deviation":12.9,
//  "conformal":{"examples":75,"scores":[...]}}]}, without conformal where there are none
std::string ToJson(const RegressionOutputs& outputs);
// The inverse; validates. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<RegressionOutputs> RegressionOutputsFromJson(absl::string_view json);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_REGRESSION_OUTPUTS_H_
