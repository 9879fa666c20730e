#ifndef GRAFT_CORE_TRAINING_LOGISTIC_HEAD_H_
#define GRAFT_CORE_TRAINING_LOGISTIC_HEAD_H_

#include <optional>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

#include "core/training/logistic.h"
#include "core/training/penalty_search.h"

namespace graft {

// A linear head to be fitted as a regularised logistic regression.
struct LogisticHeadProblem {
  at::Tensor features;             // [(views + 1) * n, d]: the plain images, then view by view
  at::Tensor labels;               // as many
  int64_t plain_rows = 0;          // n
  at::Tensor validation_features;  // [m, d]; m may be 0
  at::Tensor validation_labels;
  int64_t classes = 0;
  at::Tensor class_weights;  // [classes] or undefined
  std::optional<double> l2;  // absent: chosen as `search` says
  PenaltySearch search;
  int max_iterations = 300;
};

struct LogisticHeadFit {
  LogisticModel model;  // on features as they were given
  double l2 = 0;
};

// Standardises the features by their own mean and deviation, chooses l2 where it is absent, fits,
// and folds the standardisation into the layer. l2 is chosen on the validation rows, or by
// cross-validation among the plain rows, as problem.search says.
// `hooks` are for the search, and its poll for the last fit too; `callback` is called after each
// iteration of that one, with the folded layer. An error of either ends the fit.
absl::StatusOr<LogisticHeadFit> FitLogisticHead(const LogisticHeadProblem& problem,
                                                const PenaltySearchHooks& hooks,
                                                const LogisticCallback& callback);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_LOGISTIC_HEAD_H_
