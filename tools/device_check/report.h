#ifndef GRAFT_TOOLS_DEVICE_CHECK_REPORT_H_
#define GRAFT_TOOLS_DEVICE_CHECK_REPORT_H_

#include <string>
#include <vector>

#include "tools/device_check/engine_check.h"
#include "tools/device_check/op_check.h"
#include "tools/device_check/training_check.h"

namespace graft {

struct CheckReport {
  std::string libtorch;   // its version
  std::string build;      // graft's version and compiler
  std::string reference;  // "cpu float32"
  std::string subject;    // "cuda:0 float32"
  std::string note;       // what should be known of the comparison; may be empty
  CheckOptions options;
  std::vector<OpResult> ops;
  std::vector<OpResult> tf32_ops;  // the same with TF32 allowed; empty where there is none
  std::vector<TrainingResult> trainings;
  std::vector<EngineResult> engines;  // empty where the CPU is checked

  int failures() const;
};

// Tables for people, with PASS or FAIL as the last line.
std::string ToText(const CheckReport& report);
// The same as one JSON object. Numbers that are not finite are null.
std::string ToJson(const CheckReport& report);

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_REPORT_H_
