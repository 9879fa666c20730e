#ifndef GRAFT_CORE_TASKS_REGRESSION_LOSS_H_
#define GRAFT_CORE_TASKS_REGRESSION_LOSS_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

#include "core/tasks/convex_loss.h"
#include "core/tasks/regression/options.h"

namespace graft::tasks {

// Of an error e, in standardised units:
//   squared: e^2 / 2
//   Huber: e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2)
// As ConvexLoss a row's loss is the sum over its numbers: with squared errors the fit of a linear
// head is that of a ridge regression a number, with alpha = l2.
class RegressionLoss final : public ConvexLoss {
 public:
  RegressionLoss(int64_t numbers, RegressionLossKind kind, double delta)
      : numbers_(numbers), kind_(kind), delta_(delta) {}

  // The mean over rows and numbers; a scalar that can be differentiated. Both [rows, numbers].
  at::Tensor Mean(const at::Tensor& outputs, const at::Tensor& targets) const;

  int64_t outputs() const override { return numbers_; }
  double terms() const override { return static_cast<double>(numbers_); }
  absl::Status CheckTargets(const at::Tensor& targets) const override;
  Rows At(const at::Tensor& outputs, const at::Tensor& targets) const override;
  double HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const override;

 private:
  at::Tensor Elements(const at::Tensor& outputs, const at::Tensor& targets) const;

  const int64_t numbers_;
  const RegressionLossKind kind_;
  const double delta_;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_REGRESSION_LOSS_H_
