#include "core/serving/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"

namespace graft::serving {

Admission::Admission(const Limits& limits, Clock* clock)
    : limits_(limits),
      clock_(clock),
      callers_(limits.max_inputs_per_caller),
      limiter_({.p99_goal = limits.p99_goal,
                .most = limits.max_inputs,
                .instances = limits.instances,
                .full_pass = limits.full_pass},
               clock->Monotonic()) {}

absl::Status Admission::Enter(const std::vector<ModelKey>& asked, int inputs, uint64_t bytes,
                              Priority priority, absl::string_view caller) {
  const int rows = static_cast<int>(asked.size()) * inputs;
  absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_->Monotonic();  // under the lock: it is not to go back
  if (!callers_.Admits(caller, rows)) {
    return Refusal(absl::StrCat("this caller has ", callers_.Of(caller),
                                " inputs under way, of at most ", callers_.most()),
                   reasons::kCallerBusy, limits_.retry_after);
  }
  for (const ModelKey& model : asked) {
    const auto waiting = waiting_.find(model);
    if (waiting != waiting_.end() && waiting->second + inputs > limits_.max_inputs / 2) {
      return Refusal(absl::StrCat("model \"", model.model, "\" is being loaded, and ",
                                  waiting->second, " inputs wait for it"),
                     reasons::kModelLoading, limits_.retry_after);
    }
  }
  if (rows_ + rows > limits_.max_inputs || bytes_ + bytes > limits_.max_bytes) return Full();
  const bool bulk = priority == Priority::kBulk;
  // Alone it may take more: a request of any priority that the limits allow is answered some time.
  if (bulk && bulk_rows_ > 0 &&
      (bulk_rows_ + rows > limits_.max_inputs / 2 || bulk_bytes_ + bytes > limits_.max_bytes / 2)) {
    return BulkFull();
  }
  // What is not urgent stands behind those whom the goal is for, and is let in by its half alone.
  if (!bulk && !limiter_.Admits(rows, rows_ - bulk_rows_ - idle_rows_, now)) {
    return Overloaded(now);
  }
  callers_.Enter(caller, rows);
  rows_ += rows;
  bytes_ += bytes;
  if (bulk) {
    bulk_rows_ += rows;
    bulk_bytes_ += bytes;
  }
  return absl::OkStatus();
}

absl::Status Admission::Grow(uint64_t bytes, Priority priority) {
  if (bytes > limits_.max_bytes) {
    return InvalidField("inputs",
                        absl::StrCat(bytes, " bytes when decoded, more than the limit of ",
                                     limits_.max_bytes, "; send fewer at a time"));
  }
  absl::MutexLock lock(&mutex_);
  if (bytes_ + bytes > limits_.max_bytes) return Full();
  bytes_ += bytes;
  if (priority == Priority::kBulk) bulk_bytes_ += bytes;
  return absl::OkStatus();
}

void Admission::Leave(int rows, uint64_t bytes, Priority priority, absl::string_view caller,
                      const std::optional<EndedRequest>& ended) {
  absl::MutexLock lock(&mutex_);
  rows_ -= rows;
  bytes_ -= bytes;
  callers_.Leave(caller, rows);
  if (priority == Priority::kBulk) {
    bulk_rows_ -= rows;
    bulk_bytes_ -= bytes;
  } else if (ended.has_value()) {
    limiter_.OnEnded(*ended);
  }
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

void Admission::BeginIdle(int rows, Priority priority) {
  absl::MutexLock lock(&mutex_);
  if (priority != Priority::kBulk) idle_rows_ += rows;
}

void Admission::EndIdle(int rows, Priority priority) {
  absl::MutexLock lock(&mutex_);
  if (priority != Priority::kBulk) idle_rows_ -= rows;
}

AdmissionStats Admission::stats() const {
  absl::MutexLock lock(&mutex_);
  return {rows_, limiter_.limit()};
}

absl::Status Admission::Full() const {
  return Refusal(absl::StrCat("the queue is full (", rows_, " answers wait)"), reasons::kQueueFull,
                 limits_.retry_after);
}

absl::Status Admission::BulkFull() const {
  return Refusal(absl::StrCat("the half of the queue for bulk requests is full (", bulk_rows_,
                              " answers wait)"),
                 reasons::kQueueFull, limits_.retry_after);
}

absl::Status Admission::Overloaded(absl::Duration now) const {
  return Refusal(
      absl::StrCat("predictions would take longer than ", absl::FormatDuration(limits_.p99_goal),
                   ": ", limiter_.limit(), " inputs may be inside now"),
      reasons::kOverloaded, OverloadRetryDelay(limits_.retry_after, limiter_.OverloadedFor(now)));
}

absl::Status Admission::Refusal(absl::string_view message, absl::string_view reason,
                                absl::Duration retry_after) {
  absl::Status refusal = absl::ResourceExhaustedError(
      absl::StrCat(message, "; try again in ", absl::FormatDuration(retry_after)));
  return WithRetryDelay(WithReason(std::move(refusal), reason), retry_after);
}

}  // namespace graft::serving
