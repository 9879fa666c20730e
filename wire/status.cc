#include "wire/status.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace graft {
namespace {

constexpr absl::string_view kTypePrefix = "type.googleapis.com/";

template <typename Message>
std::string TypeUrl() {
  return absl::StrCat(kTypePrefix, Message::descriptor()->full_name());
}

template <typename Message>
void SetDetail(absl::Status& status, const Message& message) {
  status.SetPayload(TypeUrl<Message>(), absl::Cord(message.SerializeAsString()));
}

// The detail of that type, or an empty one.
template <typename Message>
absl::optional<Message> GetDetail(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(TypeUrl<Message>());
  Message message;
  if (!payload.has_value() || !message.ParseFromString(std::string(*payload))) return {};
  return message;
}

}  // namespace

namespace {

// An answer's headers may have 8 KiB together: the message, percent-encoded, and the details in
// base64, which hold the message once more. These bounds keep them below 7 KiB.
constexpr size_t kMaxMessage = 1500;  // encoded
constexpr size_t kMaxViolations = 10;
constexpr size_t kMaxFieldName = 80;
constexpr size_t kMaxViolationBytes = 1800;  // of all together

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

}  // namespace

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  return InvalidFields({{std::string(field), std::string(description)}});
}

absl::Status InvalidFields(const std::vector<FieldError>& violations) {
  if (violations.empty()) return absl::OkStatus();
  google::rpc::BadRequest bad_request;
  std::vector<std::string> texts;
  const size_t share = kMaxViolationBytes / std::min(violations.size(), kMaxViolations);
  for (const FieldError& violation : violations) {
    if (texts.size() == kMaxViolations) {
      texts.push_back(absl::StrCat("and ", violations.size() - kMaxViolations, " more"));
      break;
    }
    texts.push_back(absl::StrCat(violation.field, ": ", violation.description));
    auto* made = bad_request.add_field_violations();
    made->set_field(Capped(violation.field, kMaxFieldName));
    made->set_description(Capped(violation.description, share - kMaxFieldName));
  }
  absl::Status status = absl::InvalidArgumentError(Capped(absl::StrJoin(texts, "; "), kMaxMessage));
  SetDetail(status, bad_request);
  return status;
}

absl::Status WithReason(absl::Status status, absl::string_view reason,
                        const std::vector<std::pair<std::string, std::string>>& metadata) {
  if (status.ok()) return status;
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  SetDetail(status, info);
  return status;
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  if (status.ok()) return status;
  google::rpc::RetryInfo info;
  const int64_t seconds = absl::ToInt64Seconds(delay);
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(delay - absl::Seconds(seconds))));
  SetDetail(status, info);
  return status;
}

absl::Status NotFound(absl::string_view kind, absl::string_view name) {
  return WithReason(absl::NotFoundError(absl::StrCat(kind, " \"", name, "\" does not exist")),
                    absl::StrCat(absl::AsciiStrToUpper(kind), "_NOT_FOUND"));
}

absl::Status Draining() {
  return WithRetryDelay(
      WithReason(absl::UnavailableError("the server is stopping; try again shortly"), "DRAINING"),
      absl::Seconds(5));
}

std::vector<FieldError> InvalidFieldsOf(const absl::Status& status) {
  std::vector<FieldError> violations;
  const auto bad_request = GetDetail<google::rpc::BadRequest>(status);
  if (!bad_request.has_value()) return violations;
  for (const auto& violation : bad_request->field_violations()) {
    violations.push_back({violation.field(), violation.description()});
  }
  return violations;
}

std::string ErrorReason(const absl::Status& status) {
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : std::string();
}

absl::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto info = GetDetail<google::rpc::RetryInfo>(status);
  if (!info.has_value()) return {};
  return absl::Seconds(info->retry_delay().seconds()) +
         absl::Nanoseconds(info->retry_delay().nanos());
}

absl::Status MapTexts(const absl::Status& status,
                      const std::function<std::string(absl::string_view)>& map) {
  if (status.ok()) return status;
  absl::Status mapped(status.code(), map(status.message()));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { mapped.SetPayload(url, payload); });
  if (auto bad_request = GetDetail<google::rpc::BadRequest>(status)) {
    for (auto& violation : *bad_request->mutable_field_violations()) {
      violation.set_field(map(violation.field()));
      violation.set_description(map(violation.description()));
    }
    SetDetail(mapped, *bad_request);
  }
  if (auto info = GetDetail<google::rpc::ErrorInfo>(status)) {
    for (auto& [key, value] : *info->mutable_metadata()) value = map(value);
    SetDetail(mapped, *info);
  }
  return mapped;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code =
      status.code() == absl::StatusCode::kUnknown ? absl::StatusCode::kInternal : status.code();
  const std::string message = Capped(status.message(), kMaxMessage);
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (!absl::StartsWith(url, kTypePrefix)) return;  // not a message: for this process only
    auto* detail = details.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(code), message,
                      details.details_size() > 0 ? details.SerializeAsString() : std::string());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const auto& detail : details.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

std::string CodeName(absl::StatusCode code) { return absl::StatusCodeToString(code); }

}  // namespace graft
