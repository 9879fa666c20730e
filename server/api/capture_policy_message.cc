#include "server/api/capture_policy_message.h"

#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "wire/time.h"

namespace graft::server {
namespace {

constexpr int kMostPictures = 1'000'000;
constexpr int kUsualPictures = 1'000;
constexpr int kMostDays = 3'650;

// A NaN is in no range.
bool IsShare(double value) { return value >= 0 && value <= 1; }

}  // namespace

absl::StatusOr<store::CapturePolicy> ReadCapturePolicy(const std::string& project,
                                                       const std::string& model,
                                                       const v1::CapturePolicy& policy) {
  std::vector<FieldError> errors;
  const auto share = [&](const char* field, double value) {
    if (!IsShare(value)) errors.push_back({field, absl::StrCat("must be 0 to 1, not ", value)});
  };
  const auto range = [&](const char* field, int value, int most) {
    if (value < 1 || value > most) {
      errors.push_back({field, absl::StrCat("must be 1 to ", most, ", not ", value)});
    }
  };
  store::CapturePolicy read;
  read.project = project;
  read.model = model;
  read.max_confidence = policy.max_confidence();
  read.unknown = policy.unknown();
  if (policy.has_share()) read.share = policy.share();
  read.max_pictures = policy.max_pictures() == 0 ? kUsualPictures : policy.max_pictures();
  read.retention_days = policy.retention_days();
  share("policy.max_confidence", read.max_confidence);
  share("policy.share", read.share);
  range("policy.max_pictures", static_cast<int>(read.max_pictures), kMostPictures);
  range("policy.retention_days", read.retention_days, kMostDays);
  if (read.max_confidence == 0 && !read.unknown && read.share > 0) {
    errors.push_back({"policy.max_confidence",
                      "is 0 and unknown is not set: no picture would be kept; set one of them, or "
                      "no policy at all"});
  }
  GRAFT_RETURN_IF_ERROR(InvalidFields(errors));
  return read;
}

v1::CapturePolicy ToProto(const store::CapturePolicy& policy) {
  v1::CapturePolicy message;
  message.set_model(policy.model);
  message.set_max_confidence(policy.max_confidence);
  message.set_unknown(policy.unknown);
  message.set_share(policy.share);
  message.set_max_pictures(static_cast<int32_t>(policy.max_pictures));
  message.set_retention_days(policy.retention_days);
  *message.mutable_update_time() = wire::ToProto(policy.update_time);
  return message;
}

v1::CapturedPicture ToProto(const store::CapturedPicture& picture) {
  v1::CapturedPicture message;
  message.set_picture_id(picture.digest);
  message.set_model(picture.model);
  message.set_version(picture.version);
  message.set_answer(picture.answer);
  if (picture.probability.has_value()) {
    message.set_probability(static_cast<float>(*picture.probability));
  }
  if (picture.unknown_score.has_value()) {
    message.set_unknown_score(static_cast<float>(*picture.unknown_score));
  }
  message.set_bytes(picture.bytes);
  *message.mutable_create_time() = wire::ToProto(picture.create_time);
  *message.mutable_expire_time() = wire::ToProto(picture.expire_time);
  return message;
}

}  // namespace graft::server
