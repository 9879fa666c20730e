#ifndef GRAFT_TOOLS_DEVICE_CHECK_ENGINE_CHECK_H_
#define GRAFT_TOOLS_DEVICE_CHECK_ENGINE_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/device_check/compare.h"
#include "tools/device_check/op_check.h"

#include "core/nn/network_spec.h"

namespace graft {

// A network as a server would have it answer, of pictures.
struct EngineCase {
  std::string name;
  nn::NetworkSpec network;  // a valid one of one image
  int height = 224;
  int width = 224;
};

// Networks of the catalogue, up to their features.
std::vector<EngineCase> EngineCases();

// One engine on one network, at one number of rows.
struct EngineResult {
  std::string name;    // of the case
  std::string engine;  // and of its precision
  int rows = 0;
  double tolerance = 0;
  Difference difference;  // from LibTorch on the CPU in float32
  // Median times: of LibTorch's own operations on the device in float32, laid out as PyTorch does
  // by default, pixels scaled on the host; and of the engine.
  double eager_ms = 0;
  double engine_ms = 0;
  absl::Status status;  // of running it at all

  bool ok() const { return status.ok() && difference.relative <= tolerance; }
};

// Runs every engine that `options.subject`'s device has of its own on `engine_case`, with one row
// and with `options.batch`. None of the CPU, which engines are compared with.
std::vector<EngineResult> CheckEngines(const EngineCase& engine_case, const CheckOptions& options);

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_ENGINE_CHECK_H_
