#ifndef GRAFT_SERVER_APP_APPLICATION_H_
#define GRAFT_SERVER_APP_APPLICATION_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/api/authorize.h"
#include "server/api/backbone_directory.h"
#include "server/api/dataset_ingest.h"
#include "server/base/logging.h"
#include "server/config/config.h"

namespace graft::server {

// Parts that a test may replace; what is empty is made from the configuration.
struct ApplicationParts {
  IngestArchive ingest;
  std::optional<std::vector<InstalledBackbone>> backbones;
  AuthorizeFunction authorize;
};

// The server as a whole: builds every object, once, in the order they need each other, and takes
// them down in reverse. Nothing else in the program makes a store, a pool or a listener.
// Not for concurrent use.
class Application {
 public:
  // Opens the data folder, sweeps what a crash left, starts workers and listeners, and is ready on
  // return. `logger` must outlive the application. Errors say what is wrong and where: a store that
  // is corrupt or in use by another server, a port that is taken, weights that are damaged.
  static absl::StatusOr<std::unique_ptr<Application>> Start(const ServerConfig& config,
                                                            const wire::Logger* logger,
                                                            ApplicationParts parts = {});
  virtual ~Application() = default;

  // The ports that are listened on.
  virtual int port() const = 0;
  virtual int http_port() const = 0;

  // Stops gently, within config.drain_timeout: not ready any more, no new jobs or uploads; workers
  // checkpoint and give their jobs back while predictions go on; then calls under way finish.
  virtual void Drain() = 0;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_APPLICATION_H_
