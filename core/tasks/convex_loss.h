#ifndef GRAFT_CORE_TASKS_CONVEX_LOSS_H_
#define GRAFT_CORE_TASKS_CONVEX_LOSS_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"

namespace graft::tasks {

// A loss that is convex in the outputs and has its gradient written out, so that a linear head
// can be solved for rather than trained. A function of its arguments and of what it was made
// with. Safe for concurrent use.
class ConvexLoss {
 public:
  struct Rows {
    at::Tensor loss;      // [rows, 1]
    at::Tensor residual;  // [rows, outputs]: the gradient of each row's loss in its outputs
  };

  virtual ~ConvexLoss() = default;

  virtual int64_t outputs() const = 0;
  // How many terms a row's loss is the sum of: figures are the mean over them.
  virtual double terms() const { return 1; }

  // INVALID_ARGUMENT where targets are not rows that this loss can judge.
  virtual absl::Status CheckTargets(const at::Tensor& targets) const = 0;

  // outputs: [rows, outputs()] float32; targets: as many rows of Task::targets(), on the same
  // device, as are the results. Each row is
  // weighted as the task weighs it.
  virtual Rows At(const at::Tensor& outputs, const at::Tensor& targets) const = 0;

  // The mean over rows, unweighted: what fits with different penalties are compared by.
  virtual double HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const = 0;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CONVEX_LOSS_H_
