#ifndef GRAFT_TOOLS_DEVICE_CHECK_TRAINING_CHECK_H_
#define GRAFT_TOOLS_DEVICE_CHECK_TRAINING_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/device_check/compare.h"
#include "tools/device_check/op_check.h"
#include "tools/device_check/training_cases.h"

namespace graft {

// The losses of one epoch on both sides.
struct EpochLosses {
  std::string phase;
  int epoch = 0;
  double reference_train = 0;
  double subject_train = 0;
  double reference_validation = 0;
  double subject_validation = 0;
};

struct TrainingResult {
  std::string name;
  double loss_tolerance = 0;
  double output_tolerance = 0;
  std::vector<EpochLosses> epochs;
  Difference losses;   // of all epochs' losses, each against its own reference
  Difference outputs;  // of the trained networks' answers on the test images
  // Of a run on the subject that was interrupted and taken up again from its checkpoint, against
  // the one that was not: answers on the test images.
  Difference resumed;
  double reference_train_seconds = 0;
  double subject_train_seconds = 0;
  double reference_infer_ms = 0;  // the test images in one batch, median
  double subject_infer_ms = 0;
  absl::Status status;  // of running it at all

  bool ok() const;
};

// Trains `training_case` with the product's own trainer at both placements, from the same weights
// and examples, and once more on the subject with an interruption.
TrainingResult CheckTraining(const TrainingCase& training_case, const CheckOptions& options);

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_TRAINING_CHECK_H_
