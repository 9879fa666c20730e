#include "client/lib/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace graft::client {
namespace {

constexpr char kRetryInfo[] = "type.googleapis.com/google.rpc.RetryInfo";

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  std::optional<absl::Cord> retry_info;
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
      } else if (any.Is<google::rpc::RetryInfo>()) {
        retry_info = absl::Cord(any.value());
      }
    }
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  if (retry_info.has_value()) result.SetPayload(kRetryInfo, *retry_info);
  return result;
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryInfo);
  google::rpc::RetryInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return absl::Seconds(info.retry_delay().seconds()) +
         absl::Nanoseconds(info.retry_delay().nanos());
}

absl::Status WithMessage(const absl::Status& status, absl::string_view message) {
  absl::Status changed(status.code(), message);
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    changed.SetPayload(type, payload);
  });
  return changed;
}

}  // namespace graft::client
