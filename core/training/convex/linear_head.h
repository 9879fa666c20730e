#ifndef GRAFT_CORE_TRAINING_CONVEX_LINEAR_HEAD_H_
#define GRAFT_CORE_TRAINING_CONVEX_LINEAR_HEAD_H_

#include <cstdint>
#include <optional>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

#include "core/tasks/convex_loss.h"
#include "core/training/convex/linear_fit.h"
#include "core/training/convex/penalty_search.h"
#include "core/training/convex/standardisation.h"

namespace graft::training {

// A linear head to be fitted with a penalty on its weights.
struct LinearHeadProblem {
  at::Tensor features;             // [(views + 1) * n, d]: the plain rows, then view by view
  at::Tensor targets;              // as many
  int64_t plain_rows = 0;          // n
  at::Tensor strata;               // [n] int64 from 0, of the plain rows
  at::Tensor validation_features;  // [m, d]; m may be 0
  at::Tensor validation_targets;
  const tasks::ConvexLoss* loss = nullptr;  // borrowed
  // Absent: chosen as `search` says, with the scaling. Where it is given all features have one
  // scale.
  std::optional<double> l2;
  PenaltySearch search;
  int max_iterations = 300;
};

struct LinearHeadFit {
  LinearModel model;  // on features as they were given
  double l2 = 0;
  FeatureScaling scaling = FeatureScaling::kCommon;
};

// Chooses l2 and the features' scaling where l2 is absent, centres and scales the features, fits,
// and folds both into the layer. l2 is chosen on the validation rows, or by
// cross-validation among the plain rows, as problem.search says.
// `hooks` are for the search, and its poll for the last fit too; `callback` is called after each
// iteration of that one, with the folded layer. An error of either ends the fit.
absl::StatusOr<LinearHeadFit> FitLinearHead(const LinearHeadProblem& problem,
                                            const PenaltySearchHooks& hooks,
                                            const LinearFitCallback& callback);

// How well such a head would do: the mean loss on held-out rows, by which l2 is chosen, at its best
// (at problem.l2 where it is given). NaN where no row can be held out. `hooks` as above.
absl::StatusOr<double> JudgeLinearHead(const LinearHeadProblem& problem,
                                       const PenaltySearchHooks& hooks);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_CONVEX_LINEAR_HEAD_H_
