#ifndef GRAFT_SERVER_APP_SERVING_ENGINES_H_
#define GRAFT_SERVER_APP_SERVING_ENGINES_H_

#include <string>

#include "absl/status/statusor.h"

#include "core/engine/engine_list.h"
#include "server/config/config.h"

namespace graft::server {

// Where models are computed, and by what.
struct ServingEngines {
  std::string device;  // as LibTorch names it: "cpu", "cuda:0"
  engine::EngineFactories engines;
};

// What --serving-device, --serving-engine and --serving-precision come to here; --worker-device is
// looked at with them. INVALID_ARGUMENT and FAILED_PRECONDITION name the flag that this machine, or
// this LibTorch, has nothing for.
absl::StatusOr<ServingEngines> ChooseServingEngines(const ServerConfig& config);

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_SERVING_ENGINES_H_
