#include "server/http/http_server.h"

#include <atomic>
#include <chrono>
#include <civetweb.h>
#include <exception>
#include <thread>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "server/base/request_id.h"

namespace graft::server {
namespace {

// What is said of a status beside its number.
absl::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : status < 500 ? "Refused" : "Server Error";
  }
}

// An answer to HEAD has the headers of that to GET, and no body.
void Send(mg_connection* connection, const HttpResponse& response, absl::string_view request_id) {
  std::string answer = absl::StrCat(
      "HTTP/1.1 ", response.status, " ", ReasonOf(response.status),
      "\r\nContent-Type: ", response.content_type, "\r\nContent-Length: ", response.body.size(),
      "\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
      kRequestIdHeader, ": ", request_id, "\r\n");
  for (const auto& [name, value] : response.headers) {
    absl::StrAppend(&answer, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&answer, "\r\n");
  const absl::string_view method = mg_get_request_info(connection)->request_method;
  if (method != "HEAD") absl::StrAppend(&answer, response.body);
  mg_write(connection, answer.data(), answer.size());
}

HttpResponse PlainText(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(text);
  return response;
}

absl::string_view OrEmpty(const char* text) { return text == nullptr ? "" : text; }

// Reads the body of a request whose length may not have been said. False: longer than `limit`.
bool ReadBody(mg_connection* connection, uint64_t limit, std::string* body) {
  const long long said = mg_get_request_info(connection)->content_length;
  if (said > 0 && static_cast<uint64_t>(said) > limit) return false;
  char buffer[16 << 10];
  for (int n; (n = mg_read(connection, buffer, sizeof(buffer))) > 0;) {
    body->append(buffer, static_cast<size_t>(n));
    if (body->size() > limit) return false;
  }
  return true;
}

class CivetwebServer final : public HttpServer {
 public:
  CivetwebServer(Options options, std::shared_ptr<const Router> router)
      : options_(std::move(options)), router_(std::move(router)) {}

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

  absl::Status Listen() {
    mg_init_library(0);
    const absl::string_view address = options_.address;
    const int port = options_.port;
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
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void SetRouter(std::shared_ptr<const Router> router) override {
    absl::MutexLock lock(&mutex_);
    router_ = std::move(router);
  }

 private:
  // Opens and closes a connection to ourselves, without waiting for anything.
  void Knock() const {
    const bool v6 = absl::StrContains(options_.address, ':');
    const int descriptor =
        socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    if (v6) {
      sockaddr_in6 to{};
      to.sin6_family = AF_INET6;
      to.sin6_port = htons(static_cast<uint16_t>(port_));
      inet_pton(AF_INET6, options_.address.c_str(), &to.sin6_addr);
      (void)connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    } else {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<uint16_t>(port_));
      if (inet_pton(AF_INET, options_.address.c_str(), &to.sin_addr) != 1) {
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);  // "localhost"
      }
      (void)connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    }
    close(descriptor);
  }

  // The one handler; returning non-zero tells civetweb that the answer has been sent.
  static int OnRequest(mg_connection* connection) {
    auto* self = static_cast<CivetwebServer*>(mg_get_request_info(connection)->user_data);
    const absl::Duration start = self->options_.clock->Monotonic();
    HttpRequest request = self->RequestOf(connection);
    const HttpResponse response = self->Answer(connection, request);
    Send(connection, response, request.request_id);
    if (self->options_.observe) {
      self->options_.observe(request, response, self->options_.clock->Monotonic() - start);
    }
    return response.status;
  }

  HttpRequest RequestOf(mg_connection* connection) const {
    const mg_request_info& info = *mg_get_request_info(connection);
    HttpRequest request;
    request.method = std::string(OrEmpty(info.request_method));
    if (request.method == "HEAD") request.method = "GET";
    request.path = std::string(OrEmpty(info.local_uri_raw));
    request.query = std::string(OrEmpty(info.query_string));
    for (int i = 0; i < info.num_headers; ++i) {
      request.headers[absl::AsciiStrToLower(OrEmpty(info.http_headers[i].name))] =
          std::string(OrEmpty(info.http_headers[i].value));
    }
    request.request_id = RequestIdOr(request.headers[kRequestIdHeader], *options_.ids);
    return request;
  }

  HttpResponse Answer(mg_connection* connection, HttpRequest& request) {
    std::shared_ptr<const Router> router;
    {
      absl::MutexLock lock(&mutex_);
      router = router_;
    }
    Router::Match match = router->Find(request.method, request.path);
    if (match.route == nullptr) return router->Refuse(match);
    request.parameters = std::move(match.parameters);
    if (!ReadBody(connection, match.route->max_body_bytes, &request.body)) {
      return PlainText(413, absl::StrCat("the body is longer than the ",
                                         match.route->max_body_bytes, " bytes taken here\n"));
    }
    try {
      return match.route->handler(request);
    } catch (const std::exception&) {
      return PlainText(500, "unexpected; the server's log may say more\n");
    }
  }

  const Options options_;
  absl::Mutex mutex_;
  std::shared_ptr<const Router> router_ ABSL_GUARDED_BY(mutex_);
  mg_context* context_ = nullptr;
  int port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    Options options, std::shared_ptr<const Router> router) {
  auto server = std::make_unique<CivetwebServer>(std::move(options), std::move(router));
  const absl::Status listening = server->Listen();
  if (!listening.ok()) return listening;
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace graft::server
