#include "core/training/logistic.h"

#include <functional>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"
#include "core/training/lbfgs.h"

namespace graft {
namespace {

// Below so many multiply-adds an evaluation, handing work to other threads costs more than it
// saves, and on a busy machine many times more.
constexpr int64_t kWorthThreads = int64_t{20} << 20;

// LibTorch's thread count is of the process: one while this lives, if the problem is small.
class ThreadsFor {
 public:
  explicit ThreadsFor(int64_t multiply_adds) : before_(at::get_num_threads()) {
    if (multiply_adds < kWorthThreads && before_ > 1) at::set_num_threads(1);
  }
  ~ThreadsFor() {
    if (at::get_num_threads() != before_) at::set_num_threads(before_);
  }
  ThreadsFor(const ThreadsFor&) = delete;
  ThreadsFor& operator=(const ThreadsFor&) = delete;

 private:
  const int before_;
};

// The parameters as one vector: weight row by row, then bias.
struct Layout {
  int64_t classes;
  int64_t inputs;

  size_t size() const { return static_cast<size_t>(classes * inputs + classes); }
  at::Tensor View(const std::vector<double>& x) const {
    return at::from_blob(const_cast<double*>(x.data()), {static_cast<int64_t>(x.size())},
                         at::kDouble);
  }
  at::Tensor Weight(const std::vector<double>& x) const {
    return View(x).slice(0, 0, classes * inputs).view({classes, inputs});
  }
  at::Tensor Bias(const std::vector<double>& x) const { return View(x).slice(0, classes * inputs); }
};

class Objective {
 public:
  Objective(const LogisticProblem& problem, double l2)
      : problem_(problem),
        layout_{problem.classes, problem.features.size(1)},
        rows_(static_cast<double>(problem.features.size(0))),
        l2_(l2) {
    one_hot_ = at::one_hot(problem.labels, problem.classes).to(at::kFloat);
    if (problem.class_weights.defined()) {
      row_weights_ =
          problem.class_weights.to(at::kFloat).index_select(0, problem.labels).unsqueeze(1);
    }
  }

  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
    const at::Tensor weight = layout_.Weight(x);
    const at::Tensor logits =
        at::addmm(layout_.Bias(x).to(at::kFloat), problem_.features, weight.to(at::kFloat).t());
    const at::Tensor log_probabilities = at::log_softmax(logits, 1);
    at::Tensor loss_rows = -(log_probabilities * one_hot_).sum(1, /*keepdim=*/true);
    at::Tensor residual = log_probabilities.exp() - one_hot_;
    if (row_weights_.defined()) {
      loss_rows = loss_rows * row_weights_;
      residual = residual * row_weights_;
    }
    const at::Tensor data_gradient =
        at::mm(residual.t(), problem_.features).to(at::kDouble).div_(rows_);
    layout_.Weight(gradient).copy_(data_gradient.add_(weight, l2_ / rows_));
    layout_.Bias(gradient).copy_(residual.to(at::kDouble).sum(0).div_(rows_));
    const double data = loss_rows.to(at::kDouble).sum().item<double>() / rows_;
    return data + l2_ / (2 * rows_) * weight.pow(2).sum().item<double>();
  }

  const Layout& layout() const { return layout_; }

 private:
  const LogisticProblem& problem_;
  const Layout layout_;
  const double rows_;
  const double l2_;
  at::Tensor one_hot_;      // [n, classes]
  at::Tensor row_weights_;  // [n, 1] or undefined
};

}  // namespace

absl::Status CheckLogisticProblem(const LogisticProblem& problem) {
  if (!problem.features.defined() || problem.features.dim() != 2 || problem.features.size(0) == 0 ||
      !problem.labels.defined() || problem.labels.dim() != 1 ||
      problem.labels.size(0) != problem.features.size(0) || problem.classes < 2) {
    return absl::InvalidArgumentError(
        "logistic regression needs features [n, d], as many labels, and two classes or more");
  }
  if (problem.labels.min().item<int64_t>() < 0 ||
      problem.labels.max().item<int64_t>() >= problem.classes) {
    return absl::InvalidArgumentError("logistic regression: a label is out of range");
  }
  return absl::OkStatus();
}

absl::StatusOr<LogisticModel> FitLogistic(const LogisticProblem& problem,
                                          const LogisticOptions& options,
                                          const LogisticModel* start,
                                          const LogisticCallback& callback) {
  try {
    GRAFT_RETURN_IF_ERROR(CheckLogisticProblem(problem));
    const at::NoGradGuard no_grad;
    const ThreadsFor threads(problem.features.numel() * problem.classes);
    const Objective objective(problem, options.l2);
    const Layout& layout = objective.layout();
    std::vector<double> x(layout.size(), 0.0);
    if (start != nullptr) {
      layout.Weight(x).copy_(start->weight);
      layout.Bias(x).copy_(start->bias);
    }
    LbfgsOptions lbfgs;
    lbfgs.max_iterations = options.max_iterations;
    lbfgs.gradient_tolerance = options.gradient_tolerance;
    lbfgs.relative_tolerance = 1e-9;  // what float32 sums over images can still tell
    LbfgsCallback each;
    if (callback) {
      each = [&](int iteration, const std::vector<double>& at, double value) {
        return callback(iteration, layout.Weight(at).to(at::kFloat), layout.Bias(at).to(at::kFloat),
                        value);
      };
    }
    GRAFT_ASSIGN_OR_RETURN(const LbfgsResult fit,
                           MinimiseLbfgs(x, std::cref(objective), lbfgs, each));
    LogisticModel model;
    model.weight = layout.Weight(x).to(at::kFloat).clone();
    model.bias = layout.Bias(x).to(at::kFloat).clone();
    model.iterations = fit.iterations;
    model.converged = fit.converged;
    model.objective = fit.objective;
    return model;
  } catch (const std::exception& e) {
    return TorchErrorStatus("logistic regression", e);
  }
}

Standardisation FitStandardisation(const at::Tensor& features) {
  const at::NoGradGuard no_grad;
  Standardisation standardisation;
  standardisation.mean = features.mean(0);
  const at::Tensor deviation = (features - standardisation.mean).pow(2).mean(0).sqrt();
  // Rounding leaves a column of equal values with a deviation of about 1e-7 times the value.
  const at::Tensor varies = deviation > standardisation.mean.abs() * 1e-6 + 1e-12;
  standardisation.scale = at::where(varies, deviation.reciprocal(), at::ones_like(deviation));
  return standardisation;
}

at::Tensor Standardisation::Apply(const at::Tensor& features) const {
  return ((features - mean) * scale).contiguous();
}

LogisticModel Standardisation::Fold(const LogisticModel& model) const {
  LogisticModel folded = model;
  const at::Tensor weight = model.weight.to(at::kDouble) * scale.to(at::kDouble);
  folded.weight = weight.to(at::kFloat);
  folded.bias = (model.bias.to(at::kDouble) - weight.mv(mean.to(at::kDouble))).to(at::kFloat);
  return folded;
}

}  // namespace graft
