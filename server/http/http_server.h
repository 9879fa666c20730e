#ifndef GRAFT_SERVER_HTTP_HTTP_SERVER_H_
#define GRAFT_SERVER_HTTP_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// What monitoring asks over HTTP:
//   GET /metrics   Prometheus' text format
//   GET /healthz   200 as long as the process answers
//   GET /readyz    200 while the server takes requests, else 503 with the reason
// and HEAD of each. Everything else is 404 (405 for other methods). Eight threads, none of which a
// client that sends nothing can hold for longer than a second. Safe for concurrent use.
class HttpServer {
 public:
  struct Handlers {
    // Both are called from the server's threads, at the same time too, and must not block: /healthz
    // waits for a thread like the others.
    std::function<std::string()> metrics;
    std::function<absl::Status()> ready;  // OK, or why not
  };

  // UNAVAILABLE when the port is taken. Port 0: the kernel chooses, see port().
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(absl::string_view address, int port,
                                                           Handlers handlers);
  // Answers what has begun, then stops.
  virtual ~HttpServer() = default;

  virtual int port() const = 0;
};

}  // namespace graft

#endif  // GRAFT_SERVER_HTTP_HTTP_SERVER_H_
