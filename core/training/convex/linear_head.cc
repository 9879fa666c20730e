#include "core/training/convex/linear_head.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"
#include "core/training/convex/standardisation.h"

namespace graft {
namespace {

absl::StatusOr<double> Choose(const LinearHeadProblem& problem, const LinearProblem& train,
                              const Standardisation& standardisation,
                              const PenaltySearchHooks& hooks) {
  if (problem.search.folds == 0) {
    return ChooseL2(train, standardisation.Apply(problem.validation_features),
                    problem.validation_targets, problem.search.penalties, hooks);
  }
  LinearProblem plain = train;
  plain.features = train.features.slice(0, 0, problem.plain_rows);
  plain.targets = train.targets.slice(0, 0, problem.plain_rows);
  GRAFT_ASSIGN_OR_RETURN(const double l2,
                         ChooseL2ByCrossValidation(plain, problem.strata, problem.search, hooks));
  // The sum over rows counts each example once a view; the penalty keeps its weight beside it.
  const double views =
      static_cast<double>(train.targets.size(0)) / static_cast<double>(problem.plain_rows);
  return l2 * views;
}

}  // namespace

absl::StatusOr<LinearHeadFit> FitLinearHead(const LinearHeadProblem& problem,
                                            const PenaltySearchHooks& hooks,
                                            const LinearFitCallback& callback) {
  try {
    const at::NoGradGuard no_grad;
    const Standardisation standardisation = FitStandardisation(problem.features);
    const LinearProblem train{standardisation.Apply(problem.features), problem.targets,
                              problem.loss};
    LinearHeadFit fit;
    if (problem.l2.has_value()) {
      fit.l2 = *problem.l2;
    } else {
      GRAFT_ASSIGN_OR_RETURN(fit.l2, Choose(problem, train, standardisation, hooks));
    }
    LinearFitOptions options;
    options.l2 = fit.l2;
    options.max_iterations = problem.max_iterations;
    const LinearFitCallback each = [&](int iteration, const at::Tensor& weight,
                                       const at::Tensor& bias, double objective) -> absl::Status {
      if (hooks.poll) GRAFT_RETURN_IF_ERROR(hooks.poll());
      if (!callback) return absl::OkStatus();
      LinearModel at;
      at.weight = weight;
      at.bias = bias;
      const LinearModel folded = standardisation.Fold(at);
      return callback(iteration, folded.weight, folded.bias, objective);
    };
    GRAFT_ASSIGN_OR_RETURN(const LinearModel model, FitLinear(train, options, nullptr, each));
    fit.model = standardisation.Fold(model);
    return fit;
  } catch (const std::exception& e) {
    return TorchErrorStatus("fitting the head", e);
  }
}

}  // namespace graft
