#include "client/lib/status.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace graft::client {

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& any : details.details()) {
      google::rpc::BadRequest bad_request;
      google::rpc::Help help;
      if (any.UnpackTo(&bad_request)) {
        for (const auto& violation : bad_request.field_violations()) {
          if (absl::StrContains(message, violation.field())) continue;
          absl::StrAppend(&message, "\n  ", violation.field(), ": ", violation.description());
        }
      } else if (any.UnpackTo(&help)) {
        for (const auto& link : help.links()) {
          absl::StrAppend(&message, "\n  hint: ", link.description());
        }
      }
    }
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), message);
}

}  // namespace graft::client
