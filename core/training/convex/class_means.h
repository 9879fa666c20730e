#ifndef GRAFT_CORE_TRAINING_CONVEX_CLASS_MEANS_H_
#define GRAFT_CORE_TRAINING_CONVEX_CLASS_MEANS_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

#include "core/training/convex/linear_fit.h"

namespace graft::training {

// Features to be told apart by the distance to the mean of each class.
struct ClassMeansProblem {
  at::Tensor features;     // [(views + 1) * n, d] float32: the plain rows, then view by view
  at::Tensor classes;      // as many int64, 0 to outputs - 1
  int64_t plain_rows = 0;  // n
  int64_t outputs = 0;
};

// The nearest class mean (Mensink et al. 2013) as a linear layer on the features as they are: the
// output of class c is -t / 2 |x - mean_c|^2, less what all classes have in common. t is what makes
// the plain rows most likely, each under means without itself; where no class has two of them it
// puts the mean squared distance between classes at one nat. A class without rows is never the
// answer. On the host. INVALID_ARGUMENT where shapes or classes do not agree,
// FAILED_PRECONDITION where features are not finite.
absl::StatusOr<LinearModel> FitClassMeans(const ClassMeansProblem& problem);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_CONVEX_CLASS_MEANS_H_
