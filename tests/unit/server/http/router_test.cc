#include "server/http/router.h"

#include <string>

#include <gmock/gmock.h>

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

HttpRoute To(const std::string& method, const std::string& pattern) {
  return {method, pattern, [](const HttpRequest&) { return HttpResponse(); }};
}

Router Make(const std::vector<std::pair<std::string, std::string>>& routes) {
  Router router;
  for (const auto& [method, pattern] : routes) {
    EXPECT_TRUE(router.Add(To(method, pattern)).ok()) << pattern;
  }
  return router;
}

// The pattern that answers, "" for none.
std::string Answers(const Router& router, const std::string& method, const std::string& path) {
  const Router::Match match = router.Find(method, path);
  return match.route == nullptr ? "" : match.route->pattern;
}

TEST(Router, FindsWordsParametersAndTheRest) {
  const Router router = Make({{"GET", "/"},
                              {"GET", "/v1/jobs"},
                              {"GET", "/v1/jobs/{job}"},
                              {"GET", "/v1/jobs/{job}/events"},
                              {"GET", "/console/{file*}"}});
  EXPECT_EQ(Answers(router, "GET", "/"), "/");
  EXPECT_EQ(Answers(router, "GET", "/v1/jobs"), "/v1/jobs");
  EXPECT_EQ(Answers(router, "GET", "/v1"), "");
  EXPECT_EQ(Answers(router, "GET", "/v1/jobs/j/others"), "");
  EXPECT_THAT(router.Find("GET", "/v1/jobs/j-1").parameters, ElementsAre(Pair("job", "j-1")));
  EXPECT_EQ(Answers(router, "GET", "/v1/jobs/j-1/events"), "/v1/jobs/{job}/events");
  EXPECT_THAT(router.Find("GET", "/console/js/a.js").parameters,
              ElementsAre(Pair("file", "js/a.js")));
}

TEST(Router, TheMoreParticularGoesFirstInWhateverOrderTheyCame) {
  const std::vector<std::pair<std::string, std::string>> routes = {
      {"GET", "/{rest*}"}, {"GET", "/{one}/b"}, {"GET", "/a/{one}"}, {"GET", "/a/b"}};
  for (const auto& order : {routes, {routes.rbegin(), routes.rend()}}) {
    const Router router = Make(order);
    EXPECT_EQ(Answers(router, "GET", "/a/b"), "/a/b");
    EXPECT_EQ(Answers(router, "GET", "/a/c"), "/a/{one}");
    EXPECT_EQ(Answers(router, "GET", "/c/b"), "/{one}/b");
    EXPECT_EQ(Answers(router, "GET", "/c/d"), "/{rest*}");
  }
}

TEST(Router, MethodsThatAreNotThereAreToldApartFromPaths) {
  const Router router = Make({{"GET", "/a"}, {"POST", "/a"}, {"DELETE", "/b"}});
  EXPECT_EQ(Answers(router, "HEAD", "/a"), "/a");
  Router::Match match = router.Find("PUT", "/a");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre("GET", "HEAD", "POST"));
  HttpResponse refused = router.Refuse(match);
  EXPECT_EQ(refused.status, 405);
  EXPECT_THAT(refused.headers, ElementsAre(Pair("Allow", "GET, HEAD, POST")));
  EXPECT_THAT(router.Find("GET", "/b").allowed, ElementsAre("DELETE"));
  match = router.Find("GET", "/c");
  EXPECT_THAT(match.allowed, IsEmpty());
  refused = router.Refuse(match);
  EXPECT_EQ(refused.status, 404);
  EXPECT_THAT(refused.body, HasSubstr("/a, /b"));
}

TEST(Router, PathsThatClimbOrAreNoneHaveNoRoute) {
  const Router router = Make({{"GET", "/files/{file*}"}, {"GET", "/jobs/{job}"}, {"GET", "/a"}});
  for (const char* path : {"", "a", "//a", "/a/", "/files/../a", "/files/x/../../a", "/files/./x",
                           "/files/", "/jobs/", "/jobs/..", "/files/a//b", "*", "http://x/a"}) {
    EXPECT_EQ(Answers(router, "GET", path), "") << path;
  }
}

TEST(Router, PatternsThatAreNoneAreRefused) {
  Router router;
  for (const char* pattern :
       {"", "a", "/a/", "//", "/{}", "/{*}", "/{a", "/a{b}", "/{a*}/b", "/{a}/{a}", "/a}"}) {
    EXPECT_EQ(router.Add(To("GET", pattern)).code(), absl::StatusCode::kInvalidArgument) << pattern;
  }
  ASSERT_TRUE(router.Add(To("GET", "/jobs/{job}")).ok());
  EXPECT_EQ(router.Add(To("GET", "/jobs/{id}")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(router.Add(To("POST", "/jobs/{id}")).ok());
}

}  // namespace
}  // namespace graft::server
