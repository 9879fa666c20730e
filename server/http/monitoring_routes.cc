#include "server/http/monitoring_routes.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::server {

absl::Status AddMonitoringRoutes(const MonitoringHandlers& handlers, Router* router) {
  GRAFT_RETURN_IF_ERROR(
      router->Add({"GET", "/metrics", [metrics = handlers.metrics](const HttpRequest&) {
                     HttpResponse response;
                     response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                     response.body = metrics();
                     return response;
                   }}));
  GRAFT_RETURN_IF_ERROR(router->Add({"GET", "/healthz", [](const HttpRequest&) {
                                       HttpResponse response;
                                       response.body = "ok\n";
                                       return response;
                                     }}));
  return router->Add({"GET", "/readyz", [ready = handlers.ready](const HttpRequest&) {
                        const absl::Status status = ready();
                        HttpResponse response;
                        response.status = status.ok() ? 200 : 503;
                        response.body = status.ok()
                                            ? "ready\n"
                                            : absl::StrCat("not ready: ", status.message(), "\n");
                        return response;
                      }});
}

}  // namespace graft::server
