#include "core/training/convex/class_means.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"

#include "core/nn/torch_error.h"

namespace graft::training {
namespace {

// Enough to judge a single number by; more only take time.
constexpr int64_t kMostJudges = 10'000;
// Of a class that was never seen. Far below what any other gives, and still a number in bfloat16.
constexpr double kNever = -1e4;
// The scale is sought this far from the inverse of the rows' spread, to either side.
constexpr double kScaleRange = 1e4;
constexpr int kScaleSteps = 60;

absl::Status Check(const ClassMeansProblem& problem) {
  const at::Tensor& features = problem.features;
  const at::Tensor& classes = problem.classes;
  if (features.dim() != 2 || classes.dim() != 1 || classes.size(0) != features.size(0) ||
      classes.scalar_type() != at::kLong || problem.plain_rows > features.size(0)) {
    return absl::InvalidArgumentError("class means need features [rows, d] and a class for each");
  }
  if (features.size(0) == 0 || classes.min().item<int64_t>() < 0 ||
      classes.max().item<int64_t>() >= problem.outputs) {
    return absl::InvalidArgumentError(absl::StrCat("class means need rows of classes 0 to ",
                                                   problem.outputs - 1, " and no others"));
  }
  if (!at::isfinite(features).all().item<bool>()) {
    return absl::FailedPreconditionError("the features are not finite");
  }
  return absl::OkStatus();
}

struct Means {
  at::Tensor of_class;  // [outputs, d] float64
  at::Tensor rows;      // [outputs] float64: how many each has
};

Means MeansOf(const at::Tensor& features, const at::Tensor& classes, int64_t outputs) {
  Means means;
  means.rows = at::bincount(classes, {}, outputs).to(at::kDouble);
  means.of_class = at::zeros({outputs, features.size(1)}, at::kDouble)
                       .index_add_(0, classes, features.to(at::kDouble));
  means.of_class.div_(means.rows.clamp_min(1).unsqueeze(1));
  return means;
}

// [rows, outputs]: half the squared distances, each row's own class under its mean without the row.
// A mean of k rows that loses one of them moves away from it by k / (k - 1) of the distance.
at::Tensor HalfDistancesLeftOut(const at::Tensor& features, const at::Tensor& classes,
                                const Means& means) {
  at::Tensor half = at::cdist(features, means.of_class).square_().div_(2);
  const at::Tensor rows = means.rows.index_select(0, classes);
  const at::Tensor farther = (rows / (rows - 1)).square_().unsqueeze(1);
  const at::Tensor own = classes.unsqueeze(1);
  half.scatter_(1, own, half.gather(1, own) * farther);
  half.masked_fill_((means.rows == 0).unsqueeze(0), INFINITY);
  return half;
}

// The minimum of a function of one valley over [low, high] (golden section).
template <typename F>
double Minimum(double low, double high, const F& f) {
  const double part = (std::sqrt(5.0) - 1) / 2;
  double left = high - part * (high - low);
  double right = low + part * (high - low);
  double at_left = f(left);
  double at_right = f(right);
  for (int step = 0; step < kScaleSteps; ++step) {
    if (at_left <= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - part * (high - low);
      at_left = f(left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + part * (high - low);
      at_right = f(right);
    }
  }
  return (low + high) / 2;
}

// Where no row can be left out.
double ScaleByMeans(const Means& means) {
  const at::Tensor seen = means.of_class.index({means.rows > 0});
  const at::Tensor half = at::cdist(seen, seen).square().div(2);
  const auto pairs = static_cast<double>(seen.size(0) * (seen.size(0) - 1));
  const double mean = half.sum().item<double>() / std::max(pairs, 1.0);
  return mean > 0 ? 1 / mean : 1;
}

double FitScale(const ClassMeansProblem& problem) {
  const at::Tensor plain = problem.features.slice(0, 0, problem.plain_rows).to(at::kDouble);
  const at::Tensor classes = problem.classes.slice(0, 0, problem.plain_rows);
  const Means means = MeansOf(plain, classes, problem.outputs);
  at::Tensor judges = at::nonzero(means.rows.index_select(0, classes) > 1).squeeze(1);
  if (judges.size(0) == 0) return ScaleByMeans(means);
  const int64_t every = (judges.size(0) + kMostJudges - 1) / kMostJudges;
  judges = judges.slice(0, 0, judges.size(0), every);
  const at::Tensor truth = classes.index_select(0, judges);
  const at::Tensor half = HalfDistancesLeftOut(plain.index_select(0, judges), truth, means);
  const double spread = half.gather(1, truth.unsqueeze(1)).mean().item<double>();
  if (!(spread > 0)) return ScaleByMeans(means);
  const double log_scale =
      Minimum(-std::log(spread * kScaleRange), -std::log(spread / kScaleRange), [&](double log_t) {
        const at::Tensor log_likely = at::log_softmax(half * -std::exp(log_t), 1);
        return -log_likely.gather(1, truth.unsqueeze(1)).mean().item<double>();
      });
  return std::exp(log_scale);
}

}  // namespace

absl::StatusOr<LinearModel> FitClassMeans(const ClassMeansProblem& problem) {
  const absl::Status valid = Check(problem);
  if (!valid.ok()) return valid;
  try {
    const at::NoGradGuard no_grad;
    const double scale = FitScale(problem);
    const Means means = MeansOf(problem.features, problem.classes, problem.outputs);
    LinearModel model;
    const at::Tensor weight = means.of_class * scale;
    at::Tensor bias = means.of_class.square().sum(1) * (-scale / 2);
    bias.masked_fill_(means.rows == 0, kNever);
    model.weight = weight.to(at::kFloat);
    model.bias = bias.to(at::kFloat);
    model.iterations = 1;
    model.converged = true;
    return model;
  } catch (const std::exception& e) {
    return nn::TorchErrorStatus("class means", e);
  }
}

}  // namespace graft::training
