#ifndef GRAFT_CORE_TRAINING_CONVEX_STANDARDISATION_H_
#define GRAFT_CORE_TRAINING_CONVEX_STANDARDISATION_H_

#include "ATen/core/Tensor.h"

#include "core/training/convex/linear_fit.h"

namespace graft {

// Mean and 1 / standard deviation of each column. A column that does not vary is
// only centred (scale 1).
struct Standardisation {
  at::Tensor mean;   // [d]
  at::Tensor scale;  // [d]; z = (x - mean) * scale

  at::Tensor Apply(const at::Tensor& features) const;
  // The layer for raw features that equals `model` on standardised ones:
  // weight' = weight * scale, bias' = bias - weight' mean.
  LinearModel Fold(const LinearModel& model) const;
};
Standardisation FitStandardisation(const at::Tensor& features);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_CONVEX_STANDARDISATION_H_
