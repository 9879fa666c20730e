#include "core/training/penalty_search.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

constexpr int64_t kFewValidationRows = 50;
constexpr int64_t kFewValidationRowsPerClass = 5;
constexpr int64_t kManyValidationRows = 500;

// The search for problems of up to so many multiply-adds a pass.
struct SearchSize {
  double multiply_adds;
  int stride;  // of halves of a decade
  int folds;
};
constexpr SearchSize kSizes[] = {
    {0x1p30, 1, kPenaltyFolds}, {0x1p33, 2, 3}, {0x1p36, 3, 1}, {INFINITY, 4, 1}};

// Mean cross-entropy in nats.
double MeanLoss(const LogisticModel& model, const at::Tensor& features, const at::Tensor& labels) {
  const at::Tensor logits = at::addmm(model.bias, features, model.weight.t());
  return at::cross_entropy_loss(logits, labels).item<double>();
}

absl::StatusOr<std::vector<double>> PathLosses(const LogisticProblem& train,
                                               const at::Tensor& held_out_features,
                                               const at::Tensor& held_out_labels,
                                               const std::vector<double>& penalties,
                                               const PenaltySearchHooks& hooks) {
  std::vector<double> losses;
  LogisticModel model;
  for (double l2 : penalties) {
    LogisticOptions options;
    options.l2 = l2;
    // A fit along the path only has to be near enough to be compared.
    options.max_iterations = 100;
    options.gradient_tolerance = 1e-4;
    const LogisticCallback callback = [&hooks](int, const at::Tensor&, const at::Tensor&, double) {
      return hooks.poll ? hooks.poll() : absl::OkStatus();
    };
    GRAFT_ASSIGN_OR_RETURN(
        model, FitLogistic(train, options, losses.empty() ? nullptr : &model, callback));
    losses.push_back(MeanLoss(model, held_out_features, held_out_labels));
    if (hooks.fitted) hooks.fitted();
  }
  return losses;
}

double BestOf(const std::vector<double>& penalties, const std::vector<double>& losses) {
  const auto best = std::min_element(losses.begin(), losses.end());
  return penalties[best - losses.begin()];
}

// Each class deals its rows out to the folds in turn; -1: of a class that has but one.
at::Tensor FoldOfEachRow(const at::Tensor& labels, int64_t classes) {
  const int64_t* const label = labels.data_ptr<int64_t>();
  std::vector<int64_t> rows_of(static_cast<size_t>(classes), 0);
  for (int64_t i = 0; i < labels.size(0); ++i) ++rows_of[label[i]];
  std::vector<int64_t> dealt(static_cast<size_t>(classes), 0);
  std::vector<int64_t> fold_of(static_cast<size_t>(labels.size(0)));
  for (int64_t i = 0; i < labels.size(0); ++i) {
    fold_of[i] = rows_of[label[i]] > 1 ? dealt[label[i]]++ % kPenaltyFolds : -1;
  }
  return at::tensor(fold_of);
}

}  // namespace

PenaltySearch PlanPenaltySearch(int64_t rows, int64_t inputs, int64_t classes,
                                int64_t validation_rows) {
  const double multiply_adds =
      static_cast<double>(rows) * static_cast<double>(inputs) * static_cast<double>(classes);
  const SearchSize& size =
      *std::find_if(std::begin(kSizes), std::end(kSizes),
                    [&](const SearchSize& each) { return multiply_adds <= each.multiply_adds; });
  PenaltySearch search;
  for (int halves = 8; halves >= -4; halves -= size.stride) {
    search.penalties.push_back(std::pow(10.0, 0.5 * halves));
  }
  const int64_t enough = std::max(
      kFewValidationRows, std::min(kFewValidationRowsPerClass * classes, kManyValidationRows));
  search.folds = validation_rows >= enough ? 0 : size.folds;
  return search;
}

absl::StatusOr<double> ChooseL2(const LogisticProblem& train, const at::Tensor& held_out_features,
                                const at::Tensor& held_out_labels,
                                const std::vector<double>& penalties,
                                const PenaltySearchHooks& hooks) {
  return CatchTorchErrors("choosing l2", [&]() -> absl::StatusOr<double> {
    const at::NoGradGuard no_grad;
    GRAFT_ASSIGN_OR_RETURN(const std::vector<double> losses,
                           PathLosses(train, held_out_features, held_out_labels, penalties, hooks));
    return BestOf(penalties, losses);
  });
}

absl::StatusOr<double> ChooseL2ByCrossValidation(const LogisticProblem& problem,
                                                 const PenaltySearch& search,
                                                 const PenaltySearchHooks& hooks) {
  return CatchTorchErrors("choosing l2", [&]() -> absl::StatusOr<double> {
    const at::NoGradGuard no_grad;
    GRAFT_RETURN_IF_ERROR(CheckLogisticProblem(problem));
    const at::Tensor labels = problem.labels.contiguous();
    const at::Tensor fold = FoldOfEachRow(labels, problem.classes);
    std::vector<double> sums(search.penalties.size(), 0.0);
    bool judged = false;
    for (int64_t f = 0; f < search.folds; ++f) {
      const at::Tensor in = at::nonzero(fold != f).squeeze(1);
      const at::Tensor out = at::nonzero(fold == f).squeeze(1);
      if (in.size(0) == 0 || out.size(0) == 0) continue;
      LogisticProblem part = problem;
      part.features = problem.features.index_select(0, in);
      part.labels = labels.index_select(0, in);
      GRAFT_ASSIGN_OR_RETURN(const std::vector<double> losses,
                             PathLosses(part, problem.features.index_select(0, out),
                                        labels.index_select(0, out), search.penalties, hooks));
      for (size_t i = 0; i < sums.size(); ++i) {
        sums[i] += losses[i] * static_cast<double>(out.size(0));
      }
      judged = true;
    }
    return judged ? BestOf(search.penalties, sums) : kDefaultL2;
  });
}

}  // namespace graft
