#ifndef GRAFT_TOOLS_DEVICE_CHECK_OP_CHECK_H_
#define GRAFT_TOOLS_DEVICE_CHECK_OP_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/device_check/compare.h"
#include "tools/device_check/op_cases.h"

#include "core/nn/placement.h"

namespace graft {

// What both sides of a comparison run with.
struct CheckOptions {
  nn::Placement reference;  // what is believed
  nn::Placement subject;    // what is checked
  uint64_t seed = 0;
  int repeats = 5;
  int batch = 8;
};

struct OpResult {
  std::string name;
  double tolerance = 0;
  Difference forward;   // of the outputs, as they are in inference
  Difference backward;  // of all gradients and of the statistics that training moved
  // Median times in milliseconds: inference, and a pass forward and back.
  double reference_infer_ms = 0;
  double reference_train_ms = 0;
  double subject_infer_ms = 0;
  double subject_train_ms = 0;
  absl::Status status;  // of running it at all

  bool ok() const;
};

// Makes a network of one node, with weights and inputs from the seed alone, at both placements;
// infers, trains one step back to all parameters and inputs, compares and times.
OpResult CheckOpCase(const OpCase& op_case, const CheckOptions& options);

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_OP_CHECK_H_
