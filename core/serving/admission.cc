#include "core/serving/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"

namespace graft::serving {

absl::Status Admission::Enter(const std::vector<ModelKey>& asked, int inputs, uint64_t bytes,
                              Priority priority) {
  absl::MutexLock lock(&mutex_);
  for (const ModelKey& model : asked) {
    const auto waiting = waiting_.find(model);
    if (waiting != waiting_.end() && waiting->second + inputs > limits_.max_inputs / 2) {
      return Refusal(absl::StrCat("model \"", model.model, "\" is being loaded, and ",
                                  waiting->second, " inputs wait for it"),
                     reasons::kModelLoading);
    }
  }
  const int rows = static_cast<int>(asked.size()) * inputs;
  if (rows_ + rows > limits_.max_inputs || bytes_ + bytes > limits_.max_bytes) return Full();
  const bool bulk = priority == Priority::kBulk;
  // Alone it may take more: a request of any priority that the limits allow is answered some time.
  if (bulk && bulk_rows_ > 0 && bulk_rows_ + rows > limits_.max_inputs / 2) {
    return Refusal(absl::StrCat("the half of the queue for bulk requests is full (", bulk_rows_,
                                " answers wait)"),
                   reasons::kQueueFull);
  }
  rows_ += rows;
  if (bulk) bulk_rows_ += rows;
  bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status Admission::Grow(uint64_t bytes) {
  if (bytes > limits_.max_bytes) {
    return InvalidField("inputs",
                        absl::StrCat(bytes, " bytes when decoded, more than the limit of ",
                                     limits_.max_bytes, "; send fewer at a time"));
  }
  absl::MutexLock lock(&mutex_);
  if (bytes_ + bytes > limits_.max_bytes) return Full();
  bytes_ += bytes;
  return absl::OkStatus();
}

void Admission::Leave(int rows, uint64_t bytes, Priority priority) {
  absl::MutexLock lock(&mutex_);
  rows_ -= rows;
  if (priority == Priority::kBulk) bulk_rows_ -= rows;
  bytes_ -= bytes;
}

void Admission::BeginWait(const ModelKey& asked, int inputs) {
  absl::MutexLock lock(&mutex_);
  waiting_[asked] += inputs;
}

void Admission::EndWait(const ModelKey& asked, int inputs) {
  absl::MutexLock lock(&mutex_);
  const auto it = waiting_.find(asked);
  if ((it->second -= inputs) == 0) waiting_.erase(it);
}

absl::Status Admission::Full() const {
  return Refusal(absl::StrCat("the queue is full (", rows_, " answers wait)"), reasons::kQueueFull);
}

absl::Status Admission::Refusal(absl::string_view message, absl::string_view reason) const {
  absl::Status refusal = absl::ResourceExhaustedError(
      absl::StrCat(message, "; try again in ", absl::FormatDuration(limits_.retry_after)));
  return WithRetryDelay(WithReason(std::move(refusal), reason), limits_.retry_after);
}

}  // namespace graft::serving
