#ifndef GRAFT_SERVER_API_CAPTURE_POLICY_MESSAGE_H_
#define GRAFT_SERVER_API_CAPTURE_POLICY_MESSAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "graft/v1/capture.pb.h"

#include "core/store/capture.h"

namespace graft::server {

// A policy as it is asked for. INVALID_ARGUMENT names the fields that are wrong. Pure.
absl::StatusOr<store::CapturePolicy> ReadCapturePolicy(const std::string& project,
                                                       const std::string& model,
                                                       const v1::CapturePolicy& policy);

v1::CapturePolicy ToProto(const store::CapturePolicy& policy);
v1::CapturedPicture ToProto(const store::CapturedPicture& picture);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_CAPTURE_POLICY_MESSAGE_H_
