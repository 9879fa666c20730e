#include "core/training/logistic_head.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

absl::StatusOr<double> Choose(const LogisticHeadProblem& problem, const LogisticProblem& train,
                              const Standardisation& standardisation,
                              const PenaltySearchHooks& hooks) {
  if (problem.search.folds == 0) {
    return ChooseL2(train, standardisation.Apply(problem.validation_features),
                    problem.validation_labels, problem.search.penalties, hooks);
  }
  LogisticProblem plain = train;
  plain.features = train.features.slice(0, 0, problem.plain_rows);
  plain.labels = train.labels.slice(0, 0, problem.plain_rows);
  GRAFT_ASSIGN_OR_RETURN(const double l2, ChooseL2ByCrossValidation(plain, problem.search, hooks));
  // The sum over images counts each image once a view; the penalty keeps its weight beside it.
  const double views =
      static_cast<double>(train.labels.size(0)) / static_cast<double>(problem.plain_rows);
  return l2 * views;
}

}  // namespace

absl::StatusOr<LogisticHeadFit> FitLogisticHead(const LogisticHeadProblem& problem,
                                                const PenaltySearchHooks& hooks,
                                                const LogisticCallback& callback) {
  try {
    const at::NoGradGuard no_grad;
    const Standardisation standardisation = FitStandardisation(problem.features);
    const LogisticProblem train{standardisation.Apply(problem.features), problem.labels,
                                problem.classes, problem.class_weights};
    LogisticHeadFit fit;
    if (problem.l2.has_value()) {
      fit.l2 = *problem.l2;
    } else {
      GRAFT_ASSIGN_OR_RETURN(fit.l2, Choose(problem, train, standardisation, hooks));
    }
    LogisticOptions options;
    options.l2 = fit.l2;
    options.max_iterations = problem.max_iterations;
    const LogisticCallback each = [&](int iteration, const at::Tensor& weight,
                                      const at::Tensor& bias, double objective) -> absl::Status {
      if (hooks.poll) GRAFT_RETURN_IF_ERROR(hooks.poll());
      if (!callback) return absl::OkStatus();
      LogisticModel at;
      at.weight = weight;
      at.bias = bias;
      const LogisticModel folded = standardisation.Fold(at);
      return callback(iteration, folded.weight, folded.bias, objective);
    };
    GRAFT_ASSIGN_OR_RETURN(const LogisticModel model, FitLogistic(train, options, nullptr, each));
    fit.model = standardisation.Fold(model);
    return fit;
  } catch (const std::exception& e) {
    return TorchErrorStatus("fitting the head", e);
  }
}

}  // namespace graft
