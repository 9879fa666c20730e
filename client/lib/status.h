#ifndef GRAFT_CLIENT_LIB_STATUS_H_
#define GRAFT_CLIENT_LIB_STATUS_H_

#include <optional>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace graft::client {

// The server's answer as absl::Status: same code, and a message that spells out the field
// violations and the hint that travel as google.rpc details.
absl::Status FromGrpc(const grpc::Status& status);

// How long to wait before the same request may succeed, where the server said so: what it refused
// is passing. FromGrpc keeps it.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

// `status` with other words.
absl::Status WithMessage(const absl::Status& status, absl::string_view message);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_STATUS_H_
