#include "server/http/http_server.h"

#include <atomic>
#include <chrono>
#include <civetweb.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace graft {
namespace {

// An answer to HEAD has the headers of that to GET, and no body.
void Respond(mg_connection* connection, int code, absl::string_view reason,
             absl::string_view content_type, absl::string_view body,
             absl::string_view more_headers = "") {
  std::string answer = absl::StrCat(
      "HTTP/1.1 ", code, " ", reason, "\r\nContent-Type: ", content_type,
      "\r\nContent-Length: ", body.size(),
      "\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
      more_headers, "\r\n");
  const absl::string_view method = mg_get_request_info(connection)->request_method;
  if (method != "HEAD") absl::StrAppend(&answer, body);
  mg_write(connection, answer.data(), answer.size());
}

constexpr absl::string_view kPlain = "text/plain; charset=utf-8";

class CivetwebServer final : public HttpServer {
 public:
  explicit CivetwebServer(Handlers handlers) : handlers_(std::move(handlers)) {}

  ~CivetwebServer() override {
    if (context_ != nullptr) {
      // civetweb looks at its stop flag every two seconds, or when a connection comes.
      std::atomic<bool> stopped{false};
      std::thread knocker([&] {
        while (!stopped) {
          Knock();
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      });
      mg_stop(context_);
      stopped = true;
      knocker.join();
    }
    mg_exit_library();
  }

  absl::Status Listen(absl::string_view address, int port) {
    mg_init_library(0);
    const std::string listener =
        absl::StrContains(address, ':')
            ? absl::StrCat("[", address, "]:", port)
            : absl::StrCat(address == "localhost" ? "127.0.0.1" : address, ":", port);
    const char* options[] = {"listening_ports",
                             listener.c_str(),
                             "num_threads",
                             "8",
                             "request_timeout_ms",
                             "1000",
                             "enable_keep_alive",
                             "no",
                             nullptr};
    mg_callbacks callbacks{};
    callbacks.log_message = [](const mg_connection*, const char*) { return 1; };  // not to stderr
    callbacks.begin_request = &CivetwebServer::OnRequest;
    context_ = mg_start(&callbacks, this, options);
    if (context_ == nullptr) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen for HTTP on ", address, " port ", port,
                       ": the port may be taken; choose another with --http-port"));
    }
    mg_server_port ports[1];
    if (mg_get_server_ports(context_, 1, ports) < 1) {
      return absl::InternalError("the HTTP listener has no port");
    }
    port_ = ports[0].port;
    address_ = std::string(address);
    return absl::OkStatus();
  }

  int port() const override { return port_; }

 private:
  // Opens and closes a connection to ourselves, without waiting for anything.
  void Knock() const {
    const bool v6 = absl::StrContains(address_, ':');
    const int descriptor =
        socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    if (v6) {
      sockaddr_in6 to{};
      to.sin6_family = AF_INET6;
      to.sin6_port = htons(static_cast<uint16_t>(port_));
      inet_pton(AF_INET6, address_.c_str(), &to.sin6_addr);
      (void)connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    } else {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<uint16_t>(port_));
      if (inet_pton(AF_INET, address_.c_str(), &to.sin_addr) != 1) {
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);  // "localhost"
      }
      (void)connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    }
    close(descriptor);
  }

  // The one handler; returning non-zero tells civetweb that the answer has been sent.
  static int OnRequest(mg_connection* connection) {
    const mg_request_info* request = mg_get_request_info(connection);
    auto* self = static_cast<CivetwebServer*>(request->user_data);
    const absl::string_view method = request->request_method;
    const absl::string_view path = request->local_uri == nullptr ? "" : request->local_uri;
    if (method != "GET" && method != "HEAD") {
      Respond(connection, 405, "Method Not Allowed", kPlain, "only GET is answered here\n",
              "Allow: GET, HEAD\r\n");
      return 405;
    }
    if (path == "/metrics") {
      Respond(connection, 200, "OK", "text/plain; version=0.0.4; charset=utf-8",
              self->handlers_.metrics());
      return 200;
    }
    if (path == "/healthz") {
      Respond(connection, 200, "OK", kPlain, "ok\n");
      return 200;
    }
    if (path == "/readyz") {
      const absl::Status ready = self->handlers_.ready();
      if (ready.ok()) {
        Respond(connection, 200, "OK", kPlain, "ready\n");
        return 200;
      }
      Respond(connection, 503, "Service Unavailable", kPlain,
              absl::StrCat("not ready: ", ready.message(), "\n"));
      return 503;
    }
    Respond(connection, 404, "Not Found", kPlain, "see /metrics, /healthz and /readyz\n");
    return 404;
  }

  const Handlers handlers_;
  mg_context* context_ = nullptr;
  std::string address_;
  int port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(absl::string_view address, int port,
                                                              Handlers handlers) {
  auto server = std::make_unique<CivetwebServer>(std::move(handlers));
  const absl::Status listening = server->Listen(address, port);
  if (!listening.ok()) return listening;
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace graft
