#ifndef GRAFT_SERVER_APP_CONFIG_CHECK_H_
#define GRAFT_SERVER_APP_CONFIG_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "server/config/config.h"

namespace graft::server {

struct ConfigFindings {
  absl::Status status;                // what would keep the server from starting
  std::vector<std::string> warnings;  // what would keep it from being of use
};

// Looks at the files that a configuration names, without starting or changing anything: whether the
// data folder can be written or made, on a file system that will do, the worker's program be run
// and its socket be opened; and whether there are weights, and the default backbone's among them.
ConfigFindings CheckFiles(const ServerConfig& config);

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_CONFIG_CHECK_H_
