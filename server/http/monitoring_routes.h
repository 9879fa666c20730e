#ifndef GRAFT_SERVER_HTTP_MONITORING_ROUTES_H_
#define GRAFT_SERVER_HTTP_MONITORING_ROUTES_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

#include "server/http/router.h"

namespace graft::server {

// Both are called from the server's threads, at the same time too, and must not block: /healthz
// waits for a thread like the others.
struct MonitoringHandlers {
  std::function<std::string()> metrics;
  std::function<absl::Status()> ready;  // OK, or why not
};

// What monitoring asks over HTTP:
//   GET /metrics   Prometheus' text format
//   GET /healthz   200 as long as the process answers
//   GET /readyz    200 while the server takes requests, else 503 with the reason
absl::Status AddMonitoringRoutes(const MonitoringHandlers& handlers, Router* router);

}  // namespace graft::server

#endif  // GRAFT_SERVER_HTTP_MONITORING_ROUTES_H_
