#include "core/base/status_details.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace graft {
namespace {

constexpr char kFields[] = "graft/field-errors";
constexpr char kReason[] = "graft/reason";
constexpr char kRetryDelay[] = "graft/retry-delay";

// Payloads are bytes: texts one after another, each behind its length.
absl::Cord Pack(const std::vector<absl::string_view>& texts) {
  std::string packed;
  for (const absl::string_view text : texts) absl::StrAppend(&packed, text.size(), ":", text);
  return absl::Cord(packed);
}

// The inverse; what Pack has not made ends the list.
std::vector<std::string> Unpack(const absl::Status& status, absl::string_view url) {
  std::vector<std::string> texts;
  const absl::optional<absl::Cord> payload = status.GetPayload(url);
  if (!payload.has_value()) return texts;
  const std::string packed(*payload);
  absl::string_view rest = packed;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    size_t size = 0;
    if (colon == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, colon), &size) ||
        size > rest.size() - colon - 1) {
      break;
    }
    texts.emplace_back(rest.substr(colon + 1, size));
    rest.remove_prefix(colon + 1 + size);
  }
  return texts;
}

}  // namespace

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  return InvalidFields({{std::string(field), std::string(description)}});
}

absl::Status InvalidFields(const std::vector<FieldError>& errors) {
  if (errors.empty()) return absl::OkStatus();
  const size_t shown = std::min(errors.size(), kMaxFieldErrors);
  std::vector<std::string> texts;
  for (size_t i = 0; i < shown; ++i) {
    texts.push_back(absl::StrCat(errors[i].field, ": ", errors[i].description));
  }
  if (shown < errors.size()) {
    texts.push_back(absl::StrCat("and ", errors.size() - shown, " more"));
  }
  return WithFieldErrors(absl::InvalidArgumentError(absl::StrJoin(texts, "; ")),
                         {errors.begin(), errors.begin() + static_cast<int64_t>(shown)});
}

absl::Status WithFieldErrors(absl::Status status, const std::vector<FieldError>& errors) {
  std::vector<absl::string_view> texts;
  for (const FieldError& error : errors) {
    texts.push_back(error.field);
    texts.push_back(error.description);
  }
  status.SetPayload(kFields, Pack(texts));
  return status;
}

absl::Status WithReason(absl::Status status, absl::string_view reason,
                        const ReasonMetadata& metadata) {
  std::vector<absl::string_view> texts = {reason};
  for (const auto& [key, value] : metadata) {
    texts.push_back(key);
    texts.push_back(value);
  }
  status.SetPayload(kReason, Pack(texts));
  return status;
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  status.SetPayload(kRetryDelay, absl::Cord(absl::FormatDuration(delay)));
  return status;
}

std::vector<FieldError> InvalidFieldsOf(const absl::Status& status) {
  const std::vector<std::string> texts = Unpack(status, kFields);
  std::vector<FieldError> errors;
  for (size_t i = 0; i + 1 < texts.size(); i += 2) errors.push_back({texts[i], texts[i + 1]});
  return errors;
}

std::string ErrorReason(const absl::Status& status) {
  const std::vector<std::string> texts = Unpack(status, kReason);
  return texts.empty() ? std::string() : texts.front();
}

ReasonMetadata ErrorMetadata(const absl::Status& status) {
  const std::vector<std::string> texts = Unpack(status, kReason);
  ReasonMetadata metadata;
  for (size_t i = 1; i + 1 < texts.size(); i += 2) metadata[texts[i]] = texts[i + 1];
  return metadata;
}

absl::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryDelay);
  absl::Duration delay;
  if (!payload.has_value() || !absl::ParseDuration(std::string(*payload), &delay)) return {};
  return delay;
}

absl::Status MapTexts(const absl::Status& status,
                      const std::function<std::string(absl::string_view)>& map) {
  if (status.ok()) return status;
  absl::Status mapped(status.code(), map(status.message()));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { mapped.SetPayload(url, payload); });
  std::vector<FieldError> errors = InvalidFieldsOf(status);
  for (FieldError& error : errors) error = {map(error.field), map(error.description)};
  if (!errors.empty()) mapped = WithFieldErrors(std::move(mapped), errors);
  ReasonMetadata metadata = ErrorMetadata(status);
  for (auto& [key, value] : metadata) value = map(value);
  if (!metadata.empty()) mapped = WithReason(std::move(mapped), ErrorReason(status), metadata);
  return mapped;
}

}  // namespace graft
