#include "core/serving/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/serving/error_hints.h"
#include "core/serving/retry_hint.h"

namespace graft {

absl::Status Admission::Enter(int images, uint64_t bytes) {
  absl::MutexLock lock(&mutex_);
  if (images_ + images > limits_.max_images || bytes_ + bytes > limits_.max_bytes) return Full();
  images_ += images;
  bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status Admission::Grow(uint64_t bytes) {
  if (bytes > limits_.max_bytes) {
    return InvalidInput("inputs",
                        absl::StrCat(bytes, " bytes when decoded, more than the limit of ",
                                     limits_.max_bytes, "; send fewer at a time"));
  }
  absl::MutexLock lock(&mutex_);
  if (bytes_ + bytes > limits_.max_bytes) return Full();
  bytes_ += bytes;
  return absl::OkStatus();
}

void Admission::Leave(int images, uint64_t bytes) {
  absl::MutexLock lock(&mutex_);
  images_ -= images;
  bytes_ -= bytes;
}

absl::Status Admission::Full() const {
  absl::Status full = absl::ResourceExhaustedError(
      absl::StrCat("the queue is full (", images_, " images wait); try again in ",
                   absl::FormatDuration(limits_.retry_after)));
  return WithRetryHint(WithReasonHint(std::move(full), "QUEUE_FULL"), limits_.retry_after);
}

}  // namespace graft
