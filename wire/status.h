#ifndef GRAFT_WIRE_STATUS_H_
#define GRAFT_WIRE_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "core/base/status_details.h"

namespace graft::wire {

// How errors cross the wire: the field errors, reason and retry delay that an absl::Status carries
// (core/base/status_details.h) go as a google.rpc.Status with a BadRequest, an ErrorInfo and a
// RetryInfo in the details of a grpc::Status, and come back the same. An error made deep in the
// server so reaches the client with its field, its reason and its delay.
// All functions are pure and safe for concurrent use.

// The `domain` of every ErrorInfo.
inline constexpr absl::string_view kErrorDomain = "graft";

// To the wire. UNKNOWN becomes INTERNAL: callers are never left with a code that says nothing. The
// message is cut at some 1,500 bytes and the texts of field errors more, so that all fits into a
// header (8 KiB). Payloads of other kinds stay in the process.
grpc::Status ToGrpcStatus(const absl::Status& status);

// From the wire; details that are not a google.rpc.Status are dropped, the code and message stay.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_STATUS_H_
