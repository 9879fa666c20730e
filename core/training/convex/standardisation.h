#ifndef GRAFT_CORE_TRAINING_CONVEX_STANDARDISATION_H_
#define GRAFT_CORE_TRAINING_CONVEX_STANDARDISATION_H_

#include "ATen/core/Tensor.h"
#include "absl/strings/string_view.h"

#include "core/training/convex/linear_fit.h"

namespace graft::training {

// What centred columns are divided by before a penalty weighs them.
enum class FeatureScaling {
  // All by one number: they keep their weight against each other. Of a few rows a column's own
  // deviation is mostly chance, and a backbone's features differ in how much they vary for a
  // reason.
  kCommon,
  // Each by the square root of its standard deviation, and all by one number: half way to columns
  // that all weigh the same, which many rows bear.
  kByRoot,
};

// "one scale", "the roots of their deviations".
absl::string_view FeatureScalingName(FeatureScaling scaling);

// The mean of each column, and what its deviations from it are multiplied by: so that the mean
// variance of columns is 1, whatever the unit of the features. All by 1 where none varies.
struct Standardisation {
  at::Tensor mean;   // [d]
  at::Tensor scale;  // [d]; z = (x - mean) * scale

  at::Tensor Apply(const at::Tensor& features) const;
  // The layer for raw features that equals `model` on standardised ones:
  // weight' = weight * scale, bias' = bias - weight' mean.
  LinearModel Fold(const LinearModel& model) const;
};
Standardisation FitStandardisation(const at::Tensor& features, FeatureScaling scaling);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_CONVEX_STANDARDISATION_H_
