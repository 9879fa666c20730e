#include "server/http/http_server.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"

#include "core/telemetry/metrics.h"
#include "server/http/monitoring_routes.h"

namespace graft::server {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// -1 when there is no connection.
int Connect(int port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return socket_fd;
  }
  close(socket_fd);
  return -1;
}

// One request on a connection of its own; the whole answer.
std::string Ask(int port, const std::string& request) {
  const int socket_fd = Connect(port);
  if (socket_fd < 0) return "";
  if (write(socket_fd, request.data(), request.size()) < 0) return "";
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = read(socket_fd, buffer, sizeof(buffer))) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(socket_fd);
  return answer;
}

std::string Get(int port, const std::string& path) {
  return Ask(port, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
}

class HttpServerTest : public ::testing::Test {
 protected:
  // One server for all: civetweb takes its time to stop.
  static void SetUpTestSuite() {
    ready_ = std::make_unique<absl::Status>();
    metrics_ = telemetry::Metrics::Create();
    auto router = std::make_shared<Router>();
    ASSERT_TRUE(AddMonitoringRoutes({[] { return metrics_->Serialize(); }, [] { return *ready_; }},
                                    router.get())
                    .ok());
    ASSERT_TRUE(router
                    ->Add({"POST", "/echo/{name}",
                           [](const HttpRequest& request) {
                             if (request.body == "throw") throw std::runtime_error("/secret");
                             HttpResponse response;
                             response.body = absl::StrCat(request.parameters.at("name"), "?",
                                                          request.query, ":", request.body);
                             return response;
                           },
                           /*max_body_bytes=*/10})
                    .ok());
    auto server = HttpServer::Start({}, std::move(router));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  static void TearDownTestSuite() {
    server_.reset();
    metrics_.reset();
    ready_.reset();
  }
  void TearDown() override { *ready_ = absl::OkStatus(); }

  static inline std::unique_ptr<absl::Status> ready_;
  static inline std::unique_ptr<telemetry::Metrics> metrics_;
  static inline std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesMetricsAndHealth) {
  EXPECT_GT(server_->port(), 0);
  EXPECT_THAT(Get(server_->port(), "/metrics"), HasSubstr("graft_build_info{"));
  EXPECT_THAT(Get(server_->port(), "/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ReadinessSaysWhyNot) {
  EXPECT_THAT(Get(server_->port(), "/readyz"), StartsWith("HTTP/1.1 200"));
  *ready_ = absl::UnavailableError("draining");
  const std::string answer = Get(server_->port(), "/readyz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("draining"));
}

TEST_F(HttpServerTest, AnswersNothingElse) {
  EXPECT_THAT(Get(server_->port(), "/etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get(server_->port(), "/metrics/../../etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(
      Ask(server_->port(), "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
      StartsWith("HTTP/1.1 405"));
}

TEST_F(HttpServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  const std::string answer = Ask(server_->port(), "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, SaysWhichMethodsThereAreAndThatItCloses) {
  const std::string answer =
      Ask(server_->port(), "PUT /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

std::string Post(const std::string& path, const std::string& headers, const std::string& body) {
  return absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: x\r\n", headers, "\r\n", body);
}

TEST_F(HttpServerTest, HandsOnPathQueryAndBody) {
  EXPECT_THAT(Ask(server_->port(), Post("/echo/a%20b?x=1", "Content-Length: 4\r\n", "body")),
              EndsWith("\r\n\r\na b?x=1:body"));
  EXPECT_THAT(Ask(server_->port(),
                  Post("/echo/a", "Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")),
              EndsWith("\r\n\r\na?:body"));
  EXPECT_THAT(Ask(server_->port(), Post("/echo/a", "", "")), EndsWith("\r\n\r\na?:"));
}

TEST_F(HttpServerTest, ABodyLongerThanTheRouteTakesIsRefused) {
  EXPECT_THAT(Ask(server_->port(), Post("/echo/a", "Content-Length: 11\r\n", "01234567890")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask(server_->port(), Post("/echo/a", "Content-Length: 99999999999\r\n", "")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask(server_->port(), Post("/echo/a", "Transfer-Encoding: chunked\r\n",
                                        "b\r\n01234567890\r\n0\r\n\r\n")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(
      Ask(server_->port(), "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"),
      StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsAnErrorThatSaysNothing) {
  const std::string answer =
      Ask(server_->port(), Post("/echo/a", "Content-Length: 5\r\n", "throw"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
}

TEST_F(HttpServerTest, AnswersCarryTheRequestIdOrOneOfTheServers) {
  EXPECT_THAT(
      Ask(server_->port(), "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine-1\r\n\r\n"),
      HasSubstr("\r\nx-request-id: mine-1\r\n"));
  EXPECT_THAT(Get(server_->port(), "/healthz"), HasSubstr("\r\nx-request-id: req"));
  EXPECT_THAT(
      Ask(server_->port(), absl::StrCat("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: ",
                                        std::string(200, 'x'), "\r\n\r\n")),
      HasSubstr("\r\nx-request-id: req"));
}

TEST_F(HttpServerTest, OtherRoutesCanTakeOverWhileItRuns) {
  const auto before = std::make_shared<Router>();
  const auto after = std::make_shared<Router>();
  ASSERT_TRUE(after->Add({"GET", "/new", [](const HttpRequest&) { return HttpResponse(); }}).ok());
  const auto server = HttpServer::Start({}, before);
  ASSERT_TRUE(server.ok());
  EXPECT_THAT(Get((*server)->port(), "/new"), StartsWith("HTTP/1.1 404"));
  (*server)->SetRouter(after);
  EXPECT_THAT(Get((*server)->port(), "/new"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ClientsThatSayNothingDoNotKeepOthersFromAnAnswer) {
  std::vector<int> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(Connect(server_->port()));
    ASSERT_GE(silent.back(), 0);
    ASSERT_EQ(write(silent.back(), "GET /hea", 8), 8);
  }
  EXPECT_THAT(Get(server_->port(), "/healthz"), StartsWith("HTTP/1.1 200"));
  // They are not waited for; an error may be said before the end.
  for (const int descriptor : silent) {
    char buffer[4096];
    while (read(descriptor, buffer, sizeof(buffer)) > 0) {
    }
    close(descriptor);
  }
}

TEST_F(HttpServerTest, APortThatIsTakenIsAnError) {
  HttpServer::Options options;
  options.port = server_->port();
  const auto second = HttpServer::Start(options, std::make_shared<Router>());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--http-port"));
}

}  // namespace
}  // namespace graft::server
