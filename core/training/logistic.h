#ifndef GRAFT_CORE_TRAINING_LOGISTIC_H_
#define GRAFT_CORE_TRAINING_LOGISTIC_H_

#include <functional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace graft {

// Multinomial logistic regression with an L2 penalty, scikit-learn's objective divided by n:
//   (1/n) sum_i s_i * crossentropy(W x_i + b, y_i) + l2 / (2 n) |W|^2
// with s_i the weight of the image's class; the bias is not penalised. l2 is 1 / C.
struct LogisticProblem {
  at::Tensor features;  // [n, d] float32, contiguous
  at::Tensor labels;    // [n] int64 in [0, classes)
  int64_t classes = 0;
  at::Tensor class_weights;  // [classes] float32, or undefined: all 1
};

// INVALID_ARGUMENT when shapes disagree, a label is out of range or there are no two classes.
absl::Status CheckLogisticProblem(const LogisticProblem& problem);

struct LogisticOptions {
  double l2 = 1.0;
  int max_iterations = 300;
  // Converged when no component of the gradient is larger.
  double gradient_tolerance = 1e-5;
};

// A linear layer: logits = features weight^T + bias.
struct LogisticModel {
  at::Tensor weight;  // [classes, d]
  at::Tensor bias;    // [classes]
  int iterations = 0;
  bool converged = false;
  double objective = 0;
};

// Called after each iteration with the model as it stands (on the features as given) and the
// objective; an error ends the fit with it.
using LogisticCallback = std::function<absl::Status(int iteration, const at::Tensor& weight,
                                                    const at::Tensor& bias, double objective)>;

// Minimises by L-BFGS (Nocedal & Wright, algorithms 7.4 and 7.5, 10 pairs) with the bisecting line
// search for the weak Wolfe conditions (Lewis & Overton 2013), from `start` (may be null) or
// zeros. Sums over images are float32 matrix products, everything else is float64. The result is a
// function of the arguments and the thread count alone. INVALID_ARGUMENT when shapes disagree,
// FAILED_PRECONDITION if the objective is not finite.
absl::StatusOr<LogisticModel> FitLogistic(const LogisticProblem& problem,
                                          const LogisticOptions& options,
                                          const LogisticModel* start = nullptr,
                                          const LogisticCallback& callback = nullptr);

// Mean and 1 / standard deviation of each column. A column that does not vary is
// only centred (scale 1).
struct Standardisation {
  at::Tensor mean;   // [d]
  at::Tensor scale;  // [d]; z = (x - mean) * scale

  at::Tensor Apply(const at::Tensor& features) const;
  // The layer for raw features that equals `model` on standardised ones:
  // weight' = weight * scale, bias' = bias - weight' mean.
  LogisticModel Fold(const LogisticModel& model) const;
};
Standardisation FitStandardisation(const at::Tensor& features);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_LOGISTIC_H_
