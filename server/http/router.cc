#include "server/http/router.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace graft::server {
namespace {

enum class Kind { kWord, kOne, kRest };

Kind KindOf(absl::string_view segment) {
  if (!absl::StartsWith(segment, "{")) return Kind::kWord;
  return absl::EndsWith(segment, "*}") ? Kind::kRest : Kind::kOne;
}

std::string NameOf(absl::string_view segment) {
  const size_t marks = KindOf(segment) == Kind::kRest ? 3 : 2;
  return std::string(segment.substr(1, segment.size() - marks));
}

// A pattern's shape: which paths it answers, whatever its parameters are called.
std::vector<std::string> ShapeOf(const std::vector<std::string>& segments) {
  std::vector<std::string> shape;
  for (const std::string& segment : segments) {
    const Kind kind = KindOf(segment);
    shape.push_back(kind == Kind::kWord ? segment : kind == Kind::kOne ? "{}" : "{*}");
  }
  return shape;
}

bool MoreParticular(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return std::lexicographical_compare(
      left.begin(), left.end(), right.begin(), right.end(),
      [](const std::string& a, const std::string& b) { return KindOf(a) < KindOf(b); });
}

}  // namespace

absl::Status Router::Add(HttpRoute route) {
  if (!absl::StartsWith(route.pattern, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(route.pattern, ": must begin with '/'"));
  }
  Compiled made;
  made.segments = absl::StrSplit(route.pattern.substr(1), '/');
  std::set<std::string> names;
  for (size_t i = 0; i < made.segments.size(); ++i) {
    const std::string& segment = made.segments[i];
    const Kind kind = KindOf(segment);
    const bool braces = absl::StrContains(segment, '{') || absl::StrContains(segment, '}');
    const bool good = kind == Kind::kWord
                          ? !braces && (!segment.empty() || made.segments.size() == 1)
                          : absl::EndsWith(segment, "}") && !NameOf(segment).empty() &&
                                names.insert(NameOf(segment)).second;
    if (!good || (kind == Kind::kRest && i + 1 < made.segments.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat(route.pattern, ": \"", segment, "\" is no segment of a pattern"));
    }
  }
  for (const Compiled& other : routes_) {
    if (other.route.method == route.method && ShapeOf(other.segments) == ShapeOf(made.segments)) {
      return absl::AlreadyExistsError(absl::StrCat(route.method, " ", route.pattern, ": ",
                                                   other.route.pattern, " answers the same paths"));
    }
  }
  made.route = std::move(route);
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&](const Compiled& other) {
    return MoreParticular(made.segments, other.segments);
  });
  routes_.insert(at, std::move(made));
  return absl::OkStatus();
}

bool Router::Matches(const std::vector<std::string>& pattern,
                     const std::vector<absl::string_view>& path,
                     std::map<std::string, std::string>* parameters) {
  parameters->clear();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return false;
    switch (KindOf(pattern[i])) {
      case Kind::kWord:
        if (path[i] != pattern[i]) return false;
        break;
      case Kind::kOne:
        parameters->emplace(NameOf(pattern[i]), path[i]);
        break;
      case Kind::kRest:
        parameters->emplace(
            NameOf(pattern[i]),
            absl::StrJoin(path.begin() + static_cast<ptrdiff_t>(i), path.end(), "/"));
        return true;
    }
  }
  return path.size() == pattern.size();
}

Router::Match Router::Find(absl::string_view method, absl::string_view path) const {
  Match match;
  if (!absl::StartsWith(path, "/")) return match;
  const std::vector<absl::string_view> segments = absl::StrSplit(path.substr(1), '/');
  for (const absl::string_view segment : segments) {
    const bool root = segments.size() == 1;
    if ((segment.empty() && !root) || segment == "." || segment == "..") return match;
  }
  const absl::string_view wanted = method == "HEAD" ? "GET" : method;
  std::set<std::string> allowed;
  for (const Compiled& compiled : routes_) {
    std::map<std::string, std::string> parameters;
    if (!Matches(compiled.segments, segments, &parameters)) continue;
    if (compiled.route.method == wanted) {
      match.route = &compiled.route;
      match.parameters = std::move(parameters);
      return match;
    }
    allowed.insert(compiled.route.method);
    if (compiled.route.method == "GET") allowed.insert("HEAD");
  }
  match.allowed.assign(allowed.begin(), allowed.end());
  return match;
}

HttpResponse Router::Refuse(const Match& match) const {
  HttpResponse response;
  if (match.allowed.empty()) {
    std::set<std::string> patterns;
    for (const Compiled& compiled : routes_) patterns.insert(compiled.route.pattern);
    response.status = 404;
    response.body =
        absl::StrCat("there is nothing here; see ", absl::StrJoin(patterns, ", "), "\n");
    return response;
  }
  const std::string methods = absl::StrJoin(match.allowed, ", ");
  response.status = 405;
  response.body = absl::StrCat("only ", methods, " is answered here\n");
  response.headers.emplace_back("Allow", methods);
  return response;
}

}  // namespace graft::server
