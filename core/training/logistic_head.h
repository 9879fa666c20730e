#ifndef GRAFT_CORE_TRAINING_LOGISTIC_HEAD_H_
#define GRAFT_CORE_TRAINING_LOGISTIC_HEAD_H_

#include <functional>
#include <optional>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/training/logistic.h"

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
  std::optional<double> l2;  // absent: chosen
  int max_iterations = 300;
};

struct LogisticHeadFit {
  LogisticModel model;  // on features as they were given
  double l2 = 0;
};

// Standardises the features by their own mean and deviation, chooses l2 where it is absent, fits,
// and folds the standardisation into the layer. l2 is chosen on the validation rows, or by 5-fold
// cross-validation among the plain rows where fewer than 50 (or 5 a class) are held out.
// `poll` is called between iterations of every fit, `callback` after those of the last one, with
// the folded layer; the error of either ends the fit.
absl::StatusOr<LogisticHeadFit> FitLogisticHead(const LogisticHeadProblem& problem,
                                                const std::function<absl::Status()>& poll,
                                                const LogisticCallback& callback);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_LOGISTIC_HEAD_H_
