#include "wire/status.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace graft::wire {
namespace {

// An answer's headers may have 8 KiB together: the message, percent-encoded, and the details in
// base64, which hold the message once more. These bounds keep them below 7 KiB.
constexpr size_t kMaxMessage = 1500;  // encoded
constexpr size_t kMaxFieldName = 80;
constexpr size_t kMaxFieldErrorBytes = 1800;  // of all together

// Bytes in the header: what is not visible ASCII goes as %XX.
size_t EncodedSize(char c) { return absl::ascii_isprint(c) && c != '%' ? 1 : 3; }

// As much of the text as fits, whole UTF-8 characters, with "..." where some is missing.
std::string Capped(absl::string_view text, size_t limit) {
  constexpr absl::string_view kMore = "...";
  size_t size = 0;
  size_t end = 0;  // of what fits together with kMore
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && size + kMore.size() <= limit) end = i;
    size += EncodedSize(text[i]);
    if (size > limit) return absl::StrCat(text.substr(0, end), kMore);
  }
  return std::string(text);
}

void AddBadRequest(const std::vector<FieldError>& errors, google::rpc::Status& details) {
  if (errors.empty()) return;
  const size_t shown = std::min(errors.size(), kMaxFieldErrors);
  const size_t share = kMaxFieldErrorBytes / shown;
  google::rpc::BadRequest bad_request;
  for (size_t i = 0; i < shown; ++i) {
    auto* made = bad_request.add_field_violations();
    made->set_field(Capped(errors[i].field, kMaxFieldName));
    made->set_description(Capped(errors[i].description, share - kMaxFieldName));
  }
  details.add_details()->PackFrom(bad_request);
}

void AddErrorInfo(const absl::Status& status, google::rpc::Status& details) {
  const std::string reason = ErrorReason(status);
  if (reason.empty()) return;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : ErrorMetadata(status)) (*info.mutable_metadata())[key] = value;
  details.add_details()->PackFrom(info);
}

void AddRetryInfo(const absl::Status& status, google::rpc::Status& details) {
  const absl::optional<absl::Duration> delay = RetryDelay(status);
  if (!delay.has_value()) return;
  google::rpc::RetryInfo info;
  absl::Duration fraction;
  info.mutable_retry_delay()->set_seconds(absl::IDivDuration(*delay, absl::Seconds(1), &fraction));
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(fraction)));
  details.add_details()->PackFrom(info);
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code =
      status.code() == absl::StatusCode::kUnknown ? absl::StatusCode::kInternal : status.code();
  const std::string message = Capped(status.message(), kMaxMessage);
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  AddBadRequest(InvalidFieldsOf(status), details);
  AddErrorInfo(status, details);
  AddRetryInfo(status, details);
  return grpc::Status(static_cast<grpc::StatusCode>(code), message,
                      details.details_size() > 0 ? details.SerializeAsString() : std::string());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const auto& detail : details.details()) {
    google::rpc::BadRequest bad_request;
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&bad_request)) {
      std::vector<FieldError> errors;
      for (const auto& violation : bad_request.field_violations()) {
        errors.push_back({violation.field(), violation.description()});
      }
      result = WithFieldErrors(std::move(result), errors);
    } else if (detail.UnpackTo(&info)) {
      result = WithReason(std::move(result), info.reason(),
                          {info.metadata().begin(), info.metadata().end()});
    } else if (detail.UnpackTo(&retry)) {
      result =
          WithRetryDelay(std::move(result), absl::Seconds(retry.retry_delay().seconds()) +
                                                absl::Nanoseconds(retry.retry_delay().nanos()));
    }
  }
  return result;
}

}  // namespace graft::wire
