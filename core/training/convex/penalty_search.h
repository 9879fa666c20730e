#ifndef GRAFT_CORE_TRAINING_CONVEX_PENALTY_SEARCH_H_
#define GRAFT_CORE_TRAINING_CONVEX_PENALTY_SEARCH_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

#include "core/training/convex/linear_fit.h"
#include "core/training/convex/standardisation.h"

namespace graft::training {

// Rows are dealt out to so many folds, stratum by stratum in turn.
inline constexpr int kPenaltyFolds = 5;
// Where nothing can be judged.
inline constexpr double kDefaultL2 = 1.0;

// How the penalty of a linear head is chosen where none is asked for, and with it the scaling.
struct PenaltySearch {
  std::vector<double> penalties;  // largest first
  // How many of the folds are held out in turn; 0: judged on the validation rows instead.
  int folds = 0;
  // Tried in this order, each with all penalties; the first of equals.
  std::vector<FeatureScaling> scalings = {FeatureScaling::kCommon};

  int fits() const {
    return static_cast<int>(penalties.size() * scalings.size()) * (folds > 0 ? folds : 1);
  }
};

// A search for `rows` training rows of `inputs` features and as many outputs as given. The
// validation rows judge where there are at least 50, and 5 an output or 500. Every power of
// sqrt(10) from 10^4 down to 10^-2 is tried, in 5 folds and with both scalings, while a pass over
// the rows takes up to 2^30 multiply-adds; above, fewer penalties in fewer folds, and kByRoot
// alone, which many rows bear: 130 fits of a thousand outputs would take hours, and the loss is
// flat around its best penalty. A function of its arguments alone.
PenaltySearch PlanPenaltySearch(int64_t rows, int64_t inputs, int64_t outputs,
                                int64_t validation_rows);

struct PenaltySearchHooks {
  std::function<absl::Status()> poll;  // between iterations; its error ends the search
  std::function<void()> fitted;        // after each fit
};

// The best of a search.
struct ChosenPenalty {
  double l2 = kDefaultL2;
  double loss = std::numeric_limits<double>::quiet_NaN();  // the mean over the held-out rows
};

// The penalty whose fit on `train` has the smallest loss on the held-out rows
// (ConvexLoss::HeldOut); each fit starts from the one before it. The first of equals.
absl::StatusOr<ChosenPenalty> ChooseL2(const LinearProblem& train,
                                       const at::Tensor& held_out_features,
                                       const at::Tensor& held_out_targets,
                                       const std::vector<double>& penalties,
                                       const PenaltySearchHooks& hooks = {});

// The same by holding out the first `search.folds` folds of `problem` in turn. `strata`: of each
// row, [n] int64 from 0. A stratum with a single row keeps it: nothing could be learnt of it.
// kDefaultL2, and no loss, where no row can be held out.
absl::StatusOr<ChosenPenalty> ChooseL2ByCrossValidation(const LinearProblem& problem,
                                                        const at::Tensor& strata,
                                                        const PenaltySearch& search,
                                                        const PenaltySearchHooks& hooks = {});

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_CONVEX_PENALTY_SEARCH_H_
