#ifndef GRAFT_SERVER_BASE_REQUEST_ID_H_
#define GRAFT_SERVER_BASE_REQUEST_ID_H_

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

#include "core/base/ids.h"

namespace graft::server {

// The header that names a call in the logs of both sides. A client may choose it (1 to 128 visible
// characters); otherwise the server does. It comes back with the answer.
inline constexpr char kRequestIdHeader[] = "x-request-id";

inline bool IsRequestId(absl::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isgraph(c); });
}

// What the client sent where that may name a call, else a new one.
inline std::string RequestIdOr(absl::string_view sent, IdGenerator& ids) {
  return IsRequestId(sent) ? std::string(sent) : ids.NewId("req");
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_BASE_REQUEST_ID_H_
