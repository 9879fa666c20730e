#ifndef GRAFT_CORE_TRAINING_CONVEX_LINEAR_FIT_H_
#define GRAFT_CORE_TRAINING_CONVEX_LINEAR_FIT_H_

#include <cstdint>
#include <functional>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/tasks/convex_loss.h"

namespace graft::training {

// A linear layer with an L2 penalty, scikit-learn's objective divided by n:
//   (1/n) sum_i loss(W x_i + b, y_i) + l2 / (2 n) |W|^2
// The bias is not penalised. l2 is 1 / C of its LogisticRegression, and alpha of its Ridge.
struct LinearProblem {
  // On one device, where the sums over rows are taken; a fitted model is on the host.
  at::Tensor features;                      // [n, d] float32, contiguous
  at::Tensor targets;                       // [n, ...], as `loss` takes them
  const tasks::ConvexLoss* loss = nullptr;  // borrowed
};

// INVALID_ARGUMENT when shapes disagree or the loss refuses the targets.
absl::Status CheckLinearProblem(const LinearProblem& problem);

struct LinearFitOptions {
  double l2 = 1.0;
  int max_iterations = 300;
  // Converged when no component of the gradient is larger.
  double gradient_tolerance = 1e-5;
};

struct LinearModel {
  at::Tensor weight;  // [outputs, d]
  at::Tensor bias;    // [outputs]
  int iterations = 0;
  bool converged = false;
  double objective = 0;

  // features weight^T + bias.
  at::Tensor Outputs(const at::Tensor& features) const;
};

// Called after each iteration with the model as it stands (on the features as given) and the
// objective; an error ends the fit with it.
using LinearFitCallback = std::function<absl::Status(int iteration, const at::Tensor& weight,
                                                     const at::Tensor& bias, double objective)>;

// Minimises by L-BFGS (Nocedal & Wright, algorithms 7.4 and 7.5, 10 pairs) with the bisecting line
// search for the weak Wolfe conditions (Lewis & Overton 2013), from `start` (may be null) or
// zeros. Sums over rows are float32 matrix products, everything else is float64. The result is a
// function of the arguments and the thread count alone. INVALID_ARGUMENT as CheckLinearProblem,
// FAILED_PRECONDITION if the objective is not finite.
absl::StatusOr<LinearModel> FitLinear(const LinearProblem& problem, const LinearFitOptions& options,
                                      const LinearModel* start = nullptr,
                                      const LinearFitCallback& callback = nullptr);

// How many rows to take at a time where each becomes `outputs` numbers: 256 MiB of them.
int64_t RowsAtATime(int64_t outputs);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_CONVEX_LINEAR_FIT_H_
