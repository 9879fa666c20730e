#include "core/training/convex/linear_fit.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"
#include "core/training/convex/lbfgs.h"

namespace graft::training {
namespace {

// Below so many multiply-adds an evaluation, handing work to other threads costs more than it
// saves, and on a busy machine many times more.
constexpr int64_t kWorthThreads = int64_t{20} << 20;
constexpr int64_t kNumbersAtATime = int64_t{64} << 20;

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
  int64_t outputs;
  int64_t inputs;

  size_t size() const { return static_cast<size_t>(outputs * inputs + outputs); }
  at::Tensor View(const std::vector<double>& x) const {
    return at::from_blob(const_cast<double*>(x.data()), {static_cast<int64_t>(x.size())},
                         at::kDouble);
  }
  at::Tensor Weight(const std::vector<double>& x) const {
    return View(x).slice(0, 0, outputs * inputs).view({outputs, inputs});
  }
  at::Tensor Bias(const std::vector<double>& x) const { return View(x).slice(0, outputs * inputs); }
};

class Objective {
 public:
  Objective(const LinearProblem& problem, double l2)
      : problem_(problem), layout_{problem.loss->outputs(), problem.features.size(1)}, l2_(l2) {}

  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
    const at::Tensor weight = layout_.Weight(x);
    const at::TensorOptions of_features = problem_.features.options();
    const at::Tensor weight_of_rows = weight.to(of_features).t();
    const at::Tensor bias = layout_.Bias(x).to(of_features);
    const int64_t rows = problem_.features.size(0);
    const auto n = static_cast<double>(rows);
    at::Tensor weight_sum;
    at::Tensor bias_sum;
    double loss_sum = 0;
    const int64_t step = RowsAtATime(layout_.outputs);
    for (int64_t begin = 0; begin < rows; begin += step) {
      const int64_t end = std::min(begin + step, rows);
      const at::Tensor features = problem_.features.slice(0, begin, end);
      const tasks::ConvexLoss::Rows block = problem_.loss->At(
          at::addmm(bias, features, weight_of_rows), problem_.targets.slice(0, begin, end));
      const at::Tensor by_weight = at::mm(block.residual.t(), features).to(at::kDouble);
      const at::Tensor by_bias = block.residual.to(at::kDouble).sum(0);
      weight_sum = begin == 0 ? by_weight : weight_sum.add_(by_weight);
      bias_sum = begin == 0 ? by_bias : bias_sum.add_(by_bias);
      loss_sum += block.loss.to(at::kDouble).sum().item<double>();
    }
    layout_.Weight(gradient).copy_(weight_sum.to(at::kCPU).div_(n).add_(weight, l2_ / n));
    layout_.Bias(gradient).copy_(bias_sum.div_(n));
    return loss_sum / n + l2_ / (2 * n) * weight.pow(2).sum().item<double>();
  }

  const Layout& layout() const { return layout_; }

 private:
  const LinearProblem& problem_;
  const Layout layout_;
  const double l2_;
};

}  // namespace

int64_t RowsAtATime(int64_t outputs) { return std::max<int64_t>(1, kNumbersAtATime / outputs); }

at::Tensor LinearModel::Outputs(const at::Tensor& features) const {
  return at::addmm(bias.to(features.options()), features, weight.to(features.options()).t());
}

absl::Status CheckLinearProblem(const LinearProblem& problem) {
  if (problem.loss == nullptr || !problem.features.defined() || problem.features.dim() != 2 ||
      problem.features.size(0) == 0 || !problem.targets.defined() || problem.targets.dim() < 1 ||
      problem.targets.size(0) != problem.features.size(0)) {
    return absl::InvalidArgumentError(
        "a fit needs features [n, d] and as many rows of targets, one or more");
  }
  return Annotate(problem.loss->CheckTargets(problem.targets), "fit of a linear layer");
}

absl::StatusOr<LinearModel> FitLinear(const LinearProblem& problem, const LinearFitOptions& options,
                                      const LinearModel* start, const LinearFitCallback& callback) {
  try {
    GRAFT_RETURN_IF_ERROR(CheckLinearProblem(problem));
    const at::NoGradGuard no_grad;
    const ThreadsFor threads(problem.features.numel() * problem.loss->outputs());
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
    lbfgs.relative_tolerance = 1e-9;  // what float32 sums over rows can still tell
    LbfgsCallback each;
    if (callback) {
      each = [&](int iteration, const std::vector<double>& at, double value) {
        return callback(iteration, layout.Weight(at).to(at::kFloat), layout.Bias(at).to(at::kFloat),
                        value);
      };
    }
    GRAFT_ASSIGN_OR_RETURN(const LbfgsResult fit,
                           MinimiseLbfgs(x, std::cref(objective), lbfgs, each));
    LinearModel model;
    model.weight = layout.Weight(x).to(at::kFloat).clone();
    model.bias = layout.Bias(x).to(at::kFloat).clone();
    model.iterations = fit.iterations;
    model.converged = fit.converged;
    model.objective = fit.objective;
    return model;
  } catch (const std::exception& e) {
    return nn::TorchErrorStatus("fitting a linear layer", e);
  }
}

}  // namespace graft::training
