#ifndef GRAFT_SERVER_HTTP_ROUTER_H_
#define GRAFT_SERVER_HTTP_ROUTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft::server {

// What a handler is given.
struct HttpRequest {
  std::string method;                             // "GET" for a HEAD too
  std::string path;                               // decoded, "/metrics"
  std::string query;                              // what follows '?', as it was sent
  std::map<std::string, std::string> parameters;  // of the path, by the names of the pattern
  std::map<std::string, std::string> headers;     // by name in lower case; of several the last
  std::string body;
  std::string request_id;  // names the call in logs; the answer carries it
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // more of them
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpRoute {
  std::string method;  // "GET" (answers HEAD too), "POST", ...
  // Segments between '/': a word, "{name}" for one of any text, or last "{name*}" for all the rest,
  // with the '/' in it. "/v1/jobs/{job_id}", "/console/{file*}".
  std::string pattern;
  HttpHandler handler;
  uint64_t max_body_bytes = 0;  // longer ones are refused before they are read
};

// Which handler answers a method and a path. No sockets: the server that holds it does those.
// Constant once it is built; safe for concurrent reads.
class Router {
 public:
  // INVALID_ARGUMENT: a pattern that is none; ALREADY_EXISTS: one that two routes would answer.
  absl::Status Add(HttpRoute route);

  struct Match {
    const HttpRoute* route = nullptr;  // null: none
    std::map<std::string, std::string> parameters;
    // Without a route: the methods that there are for this path, sorted; empty where there is no
    // such path.
    std::vector<std::string> allowed;
  };
  // Words go before "{name}", and that before "{name*}". A path with an empty, "." or ".." segment
  // is none: no parameter ever holds one.
  Match Find(absl::string_view method, absl::string_view path) const;

  // What a request without a route gets: 404, or 405 with the header Allow.
  HttpResponse Refuse(const Match& match) const;

 private:
  struct Compiled {
    HttpRoute route;
    std::vector<std::string> segments;
  };

  static bool Matches(const std::vector<std::string>& pattern,
                      const std::vector<absl::string_view>& path,
                      std::map<std::string, std::string>* parameters);

  std::vector<Compiled> routes_;  // the most particular first
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_HTTP_ROUTER_H_
