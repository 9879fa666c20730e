#ifndef GRAFT_CORE_TRAINING_CONVEX_LBFGS_H_
#define GRAFT_CORE_TRAINING_CONVEX_LBFGS_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace graft::training {

struct LbfgsOptions {
  int history = 10;
  int max_iterations = 300;
  double gradient_tolerance = 1e-5;  // of the largest component
  // Converged, too, when an iteration lessens the objective by no more than this share of it.
  double relative_tolerance = 1e-10;
};

struct LbfgsResult {
  int iterations = 0;
  bool converged = false;  // false: max_iterations
  double objective = 0;
};

// The objective at x, and its gradient into `gradient` (already of x's size).
using LbfgsObjective =
    std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;
// After each iteration; an error ends the search with it.
using LbfgsCallback =
    std::function<absl::Status(int iteration, const std::vector<double>& x, double objective)>;

// Minimises a smooth function from `x`, in place, by L-BFGS (Nocedal & Wright, Numerical
// Optimization, algorithms 7.4 and 7.5) with a bisecting line search for the weak Wolfe conditions
// (Lewis & Overton 2013). FAILED_PRECONDITION when the objective is not finite at the start.
absl::StatusOr<LbfgsResult> MinimiseLbfgs(std::vector<double>& x, const LbfgsObjective& objective,
                                          const LbfgsOptions& options,
                                          const LbfgsCallback& callback = nullptr);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_CONVEX_LBFGS_H_
