#include "core/training/convex/penalty_search.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"

namespace graft::training {
namespace {

constexpr int64_t kFewValidationRows = 50;
constexpr int64_t kFewValidationRowsPerOutput = 5;
constexpr int64_t kManyValidationRows = 500;

// The search for problems of up to so many multiply-adds a pass.
struct SearchSize {
  double multiply_adds;
  int stride;  // of halves of a decade
  int folds;
};
constexpr SearchSize kSizes[] = {
    {0x1p30, 1, kPenaltyFolds}, {0x1p33, 2, 3}, {0x1p36, 3, 1}, {INFINITY, 4, 1}};

absl::StatusOr<std::vector<double>> PathLosses(const LinearProblem& train,
                                               const at::Tensor& held_out_features,
                                               const at::Tensor& held_out_targets,
                                               const std::vector<double>& penalties,
                                               const PenaltySearchHooks& hooks) {
  std::vector<double> losses;
  LinearModel model;
  for (double l2 : penalties) {
    LinearFitOptions options;
    options.l2 = l2;
    // A fit along the path only has to be near enough to be compared.
    options.max_iterations = 100;
    options.gradient_tolerance = 1e-4;
    const LinearFitCallback callback = [&hooks](int, const at::Tensor&, const at::Tensor&, double) {
      return hooks.poll ? hooks.poll() : absl::OkStatus();
    };
    GRAFT_ASSIGN_OR_RETURN(model,
                           FitLinear(train, options, losses.empty() ? nullptr : &model, callback));
    losses.push_back(train.loss->HeldOut(model.Outputs(held_out_features), held_out_targets));
    if (hooks.fitted) hooks.fitted();
  }
  return losses;
}

ChosenPenalty BestOf(const std::vector<double>& penalties, const std::vector<double>& losses) {
  const auto best = std::min_element(losses.begin(), losses.end());
  return {penalties[best - losses.begin()], *best};
}

// Each stratum deals its rows out to the folds in turn; -1: of one that has but one.
at::Tensor FoldOfEachRow(const at::Tensor& strata) {
  const int64_t* const stratum = strata.data_ptr<int64_t>();
  const int64_t rows = strata.size(0);
  const auto count = static_cast<size_t>(*std::max_element(stratum, stratum + rows)) + 1;
  std::vector<int64_t> rows_of(count, 0);
  for (int64_t i = 0; i < rows; ++i) ++rows_of[stratum[i]];
  std::vector<int64_t> dealt(count, 0);
  std::vector<int64_t> fold_of(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    fold_of[i] = rows_of[stratum[i]] > 1 ? dealt[stratum[i]]++ % kPenaltyFolds : -1;
  }
  return at::tensor(fold_of);
}

}  // namespace

PenaltySearch PlanPenaltySearch(int64_t rows, int64_t inputs, int64_t outputs,
                                int64_t validation_rows) {
  const double multiply_adds =
      static_cast<double>(rows) * static_cast<double>(inputs) * static_cast<double>(outputs);
  const SearchSize& size =
      *std::find_if(std::begin(kSizes), std::end(kSizes),
                    [&](const SearchSize& each) { return multiply_adds <= each.multiply_adds; });
  PenaltySearch search;
  for (int halves = 8; halves >= -4; halves -= size.stride) {
    search.penalties.push_back(std::pow(10.0, 0.5 * halves));
  }
  const int64_t enough = std::max(
      kFewValidationRows, std::min(kFewValidationRowsPerOutput * outputs, kManyValidationRows));
  search.folds = validation_rows >= enough ? 0 : size.folds;
  search.scalings = {FeatureScaling::kByRoot};
  if (&size == std::begin(kSizes)) {
    search.scalings = {FeatureScaling::kCommon, FeatureScaling::kByRoot};
  }
  return search;
}

absl::StatusOr<ChosenPenalty> ChooseL2(const LinearProblem& train,
                                       const at::Tensor& held_out_features,
                                       const at::Tensor& held_out_targets,
                                       const std::vector<double>& penalties,
                                       const PenaltySearchHooks& hooks) {
  return nn::CatchTorchErrors("choosing l2", [&]() -> absl::StatusOr<ChosenPenalty> {
    const at::NoGradGuard no_grad;
    GRAFT_ASSIGN_OR_RETURN(
        const std::vector<double> losses,
        PathLosses(train, held_out_features, held_out_targets, penalties, hooks));
    return BestOf(penalties, losses);
  });
}

absl::StatusOr<ChosenPenalty> ChooseL2ByCrossValidation(const LinearProblem& problem,
                                                        const at::Tensor& strata,
                                                        const PenaltySearch& search,
                                                        const PenaltySearchHooks& hooks) {
  return nn::CatchTorchErrors("choosing l2", [&]() -> absl::StatusOr<ChosenPenalty> {
    const at::NoGradGuard no_grad;
    GRAFT_RETURN_IF_ERROR(CheckLinearProblem(problem));
    if (strata.dim() != 1 || strata.size(0) != problem.features.size(0)) {
      return absl::InvalidArgumentError("each row needs its stratum");
    }
    const at::Tensor fold = FoldOfEachRow(strata.contiguous());
    std::vector<double> sums(search.penalties.size(), 0.0);
    int64_t judged = 0;
    for (int64_t f = 0; f < search.folds; ++f) {
      const at::Device device = problem.features.device();
      const at::Tensor in = at::nonzero(fold != f).squeeze(1).to(device);
      const at::Tensor out = at::nonzero(fold == f).squeeze(1).to(device);
      if (in.size(0) == 0 || out.size(0) == 0) continue;
      LinearProblem part = problem;
      part.features = problem.features.index_select(0, in);
      part.targets = problem.targets.index_select(0, in);
      GRAFT_ASSIGN_OR_RETURN(
          const std::vector<double> losses,
          PathLosses(part, problem.features.index_select(0, out),
                     problem.targets.index_select(0, out), search.penalties, hooks));
      for (size_t i = 0; i < sums.size(); ++i) {
        sums[i] += losses[i] * static_cast<double>(out.size(0));
      }
      judged += out.size(0);
    }
    if (judged == 0) return ChosenPenalty{};
    for (double& sum : sums) sum /= static_cast<double>(judged);
    return BestOf(search.penalties, sums);
  });
}

}  // namespace graft::training
