#ifndef GRAFT_TOOLS_DEVICE_CHECK_OP_CASES_H_
#define GRAFT_TOOLS_DEVICE_CHECK_OP_CASES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/nn/network_spec.h"

namespace graft {

enum class InputFill {
  kNormal,  // normally distributed
  kIds,     // whole numbers in [0, bound)
  kMask,    // 1 for the first few tokens of a row, one at least, and 0 behind
};

struct OpInput {
  nn::NetworkInput input;
  InputFill fill = InputFill::kNormal;
  int64_t bound = 0;
};

// One operation at one setting, to be run forward and back on two devices.
struct OpCase {
  std::string name;
  nn::Op op;
  std::vector<OpInput> inputs;
  // The largest relative difference (compare.h) between devices in float32, forward and back.
  double tolerance = 0;
  // Norms train on the batch's statistics.
  bool batch_statistics = false;
  // Training draws random numbers, which differ by device: outputs are then compared by their mean.
  bool draws = false;
};

// Of every operation that a network can be made of, one case at least: an alternative of Op for
// which nobody wrote any does not compile.
std::vector<OpCase> AllOpCases();

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_OP_CASES_H_
