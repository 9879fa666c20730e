#ifndef GRAFT_CLIENT_LIB_STATUS_H_
#define GRAFT_CLIENT_LIB_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace graft::client {

// The server's answer as absl::Status: same code, and a message that spells out the field
// violations and the hint that travel as google.rpc details.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_STATUS_H_
