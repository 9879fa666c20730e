#include "core/serving/overload/latency_window.h"

#include <algorithm>
#include <cmath>

namespace graft::serving {
namespace {

constexpr absl::Duration kShortest = absl::Microseconds(100);
constexpr absl::Duration kLongest = absl::Hours(1);
constexpr double kGrowth = 1.05;

}  // namespace

LatencyWindow::LatencyWindow(absl::Duration goal, absl::Duration now) : goal_(goal), begun_(now) {}

void LatencyWindow::Begin(int inside, absl::Duration now) {
  begun_ = now;
  durations_.fill(0);
  sums_ = {.most_inside = inside};
  time_inside_ = time_inside_squared_ = 0;
}

void LatencyWindow::BeginAnew(int inside, absl::Duration now) {
  Begin(inside, now);
  counts_from_ = now;
}

void LatencyWindow::OnEnded(const EndedRequest& request) {
  const bool answered = request.code == absl::StatusCode::kOk;
  const bool given_up = request.code == absl::StatusCode::kDeadlineExceeded ||
                        request.code == absl::StatusCode::kCancelled;
  if (answered) {
    ++sums_.answers;
    sums_.inputs += request.inputs;
    const double seconds = absl::ToDoubleSeconds(std::min(request.took, kLongest));
    time_inside_ += request.inputs * seconds;
    time_inside_squared_ += request.inputs * seconds * seconds;
  }
  const bool over = request.took > goal_;
  if (!answered && !(given_up && over)) return;
  if (request.entered < counts_from_) return;
  ++sums_.requests;
  if (over) ++sums_.over_goal;
  ++durations_[BucketOf(request.took)];
}

void LatencyWindow::OnInside(int inputs) {
  sums_.most_inside = std::max(sums_.most_inside, inputs);
}

void LatencyWindow::OnRefused() { ++sums_.refused; }

LatencyReading LatencyWindow::Read(absl::Duration now) const {
  LatencyReading reading = sums_;
  reading.span = now - begun_;
  if (time_inside_squared_ > 0) {
    reading.queued_inputs = time_inside_ * time_inside_ / time_inside_squared_;
  }
  if (reading.requests == 0) return reading;
  // The first bucket up to which 99 % of the durations lie.
  const int64_t beyond = reading.requests / 100;
  int64_t above = 0;
  size_t bucket = kBuckets - 1;
  while (bucket > 0 && (above += durations_[bucket]) <= beyond) --bucket;
  reading.p99 = UpperBound(bucket);
  return reading;
}

size_t LatencyWindow::BucketOf(absl::Duration took) {
  if (took <= kShortest) return 0;
  const double steps = std::log(absl::FDivDuration(took, kShortest)) / std::log(kGrowth);
  return std::min(kBuckets - 1, static_cast<size_t>(std::ceil(steps)));
}

absl::Duration LatencyWindow::UpperBound(size_t bucket) {
  return kShortest * std::pow(kGrowth, static_cast<double>(bucket));
}

}  // namespace graft::serving
