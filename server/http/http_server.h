#ifndef GRAFT_SERVER_HTTP_HTTP_SERVER_H_
#define GRAFT_SERVER_HTTP_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/base/ids.h"
#include "server/http/router.h"

namespace graft::server {

// Listens for HTTP/1.1 and hands requests to a router. What holds for all of them is here: bounds
// of bodies (413), a request id in the answer, HEAD without a body, 500 for an exception, no
// caching. Eight threads, none of which a client that sends nothing can hold for longer than a
// second. Safe for concurrent use.
class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    int port = 0;  // 0: the kernel chooses, see port()
    IdGenerator* ids = IdGenerator::System();
    Clock* clock = Clock::System();
    // Told after each answer; may be empty.
    std::function<void(const HttpRequest&, const HttpResponse&, absl::Duration)> observe;
  };

  // UNAVAILABLE when the port is taken.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options,
                                                           std::shared_ptr<const Router> router);
  // Answers what has begun, then stops.
  virtual ~HttpServer() = default;

  virtual int port() const = 0;

  // The routes of requests that come from now on; for what cannot be answered from the start.
  virtual void SetRouter(std::shared_ptr<const Router> router) = 0;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_HTTP_HTTP_SERVER_H_
