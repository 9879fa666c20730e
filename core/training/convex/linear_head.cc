#include "core/training/convex/linear_head.h"

#include <optional>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"
#include "core/training/convex/standardisation.h"

namespace graft::training {
namespace {

// The features under one scaling.
struct Scaled {
  Standardisation standardisation;
  LinearProblem train;
};

Scaled Scale(const LinearHeadProblem& problem, FeatureScaling scaling) {
  Standardisation standardisation = FitStandardisation(problem.features, scaling);
  LinearProblem train{standardisation.Apply(problem.features), problem.targets, problem.loss};
  return {std::move(standardisation), std::move(train)};
}

// The best penalty under one scaling, for as many rows as there are plain ones.
absl::StatusOr<ChosenPenalty> Choose(const LinearHeadProblem& problem, const Scaled& scaled,
                                     const PenaltySearch& search, const PenaltySearchHooks& hooks) {
  if (search.folds == 0) {
    return ChooseL2(scaled.train, scaled.standardisation.Apply(problem.validation_features),
                    problem.validation_targets, search.penalties, hooks);
  }
  LinearProblem plain = scaled.train;
  plain.features = plain.features.slice(0, 0, problem.plain_rows);
  plain.targets = plain.targets.slice(0, 0, problem.plain_rows);
  return ChooseL2ByCrossValidation(plain, problem.strata, search, hooks);
}

// The best under any.
struct Chosen {
  ChosenPenalty penalty;
  FeatureScaling scaling = FeatureScaling::kCommon;
};

absl::StatusOr<Chosen> ChooseAmong(const LinearHeadProblem& problem, const PenaltySearch& search,
                                   const PenaltySearchHooks& hooks) {
  std::optional<Chosen> best;
  for (const FeatureScaling scaling : search.scalings) {
    GRAFT_ASSIGN_OR_RETURN(const ChosenPenalty penalty,
                           Choose(problem, Scale(problem, scaling), search, hooks));
    if (!best.has_value() || penalty.loss < best->penalty.loss) best = Chosen{penalty, scaling};
  }
  return best.value_or(Chosen{});
}

}  // namespace

absl::StatusOr<LinearHeadFit> FitLinearHead(const LinearHeadProblem& problem,
                                            const PenaltySearchHooks& hooks,
                                            const LinearFitCallback& callback) {
  try {
    const at::NoGradGuard no_grad;
    LinearHeadFit fit;
    if (problem.l2.has_value()) {
      fit.l2 = *problem.l2;
    } else {
      GRAFT_ASSIGN_OR_RETURN(const Chosen chosen, ChooseAmong(problem, problem.search, hooks));
      fit.scaling = chosen.scaling;
      // The sum over rows counts each example once a view; the penalty keeps its weight beside it.
      const bool on_plain_rows = problem.search.folds > 0;
      fit.l2 = chosen.penalty.l2 * (on_plain_rows ? static_cast<double>(problem.targets.size(0)) /
                                                        static_cast<double>(problem.plain_rows)
                                                  : 1);
    }
    const auto [standardisation, train] = Scale(problem, fit.scaling);
    LinearFitOptions options;
    options.l2 = fit.l2;
    options.max_iterations = problem.max_iterations;
    const LinearFitCallback each = [&, &folding = standardisation](
                                       int iteration, const at::Tensor& weight,
                                       const at::Tensor& bias, double objective) -> absl::Status {
      if (hooks.poll) GRAFT_RETURN_IF_ERROR(hooks.poll());
      if (!callback) return absl::OkStatus();
      LinearModel at;
      at.weight = weight;
      at.bias = bias;
      const LinearModel folded = folding.Fold(at);
      return callback(iteration, folded.weight, folded.bias, objective);
    };
    GRAFT_ASSIGN_OR_RETURN(const LinearModel model, FitLinear(train, options, nullptr, each));
    fit.model = standardisation.Fold(model);
    return fit;
  } catch (const std::exception& e) {
    return nn::TorchErrorStatus("fitting the head", e);
  }
}

absl::StatusOr<double> JudgeLinearHead(const LinearHeadProblem& problem,
                                       const PenaltySearchHooks& hooks) {
  try {
    const at::NoGradGuard no_grad;
    PenaltySearch search = problem.search;
    if (problem.l2.has_value()) {
      search.penalties = {*problem.l2};
      search.scalings = {FeatureScaling::kCommon};
    }
    GRAFT_ASSIGN_OR_RETURN(const Chosen chosen, ChooseAmong(problem, search, hooks));
    return chosen.penalty.loss;
  } catch (const std::exception& e) {
    return nn::TorchErrorStatus("judging a head", e);
  }
}

}  // namespace graft::training
