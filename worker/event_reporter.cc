#include "worker/event_reporter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/jobs/retry_policy.h"
#include "wire/time.h"

namespace graft::worker {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(300);
// An event is kept for ever: of progress this often, and one for each stage.
constexpr absl::Duration kProgressEventInterval = absl::Seconds(10);
constexpr size_t kBatchEvents = 500;
constexpr size_t kBatchBytes = size_t{4} << 20;
// Between tries of a batch that the server would not take.
constexpr jobs::BackOff kBackOff = {.initial = absl::Milliseconds(300),
                                    .maximum = absl::Seconds(5)};
constexpr int kFlushTries = 5;
constexpr size_t kMaxSteps = 10'000;
constexpr size_t kMaxText = 16 * 1024;

void SetMetrics(const std::vector<std::pair<std::string, double>>& named,
                google::protobuf::RepeatedPtrField<graft::v1::Metric>* metrics) {
  metrics->Clear();
  for (const auto& [name, value] : named) {
    graft::v1::Metric* metric = metrics->Add();
    metric->set_name(name);
    metric->set_value(value);
  }
}

}  // namespace

EventReporter::EventReporter(const v1::LeasedJob& job, ServerLink* link, Clock* clock,
                             const wire::Logger* logger, std::function<void()> on_lost)
    : job_(job),
      link_(link),
      clock_(clock),
      logger_(logger),
      on_lost_(std::move(on_lost)),
      thread_([this] { Loop(); }) {}

EventReporter::~EventReporter() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  thread_.join();
}

void EventReporter::OnPhaseStarted(const training::PhaseStarted& phase) {
  std::string text = absl::StrCat("phase ", phase.phase);
  if (phase.epochs > 0) absl::StrAppend(&text, ": up to ", phase.epochs, " epochs");
  if (phase.trainable_parameters > 0) {
    absl::StrAppend(&text, ", ", phase.trainable_parameters, " parameters learn");
  }
  if (phase.trainable_stages != 0) {
    absl::StrAppend(&text, ", in the head and ",
                    phase.trainable_stages < 0 ? std::string("all")
                                               : absl::StrCat("the last ", phase.trainable_stages),
                    " of the backbone's stages");
  }
  OnLog(text);
}

void EventReporter::OnEpoch(const training::EpochMetrics& epoch) {
  graft::v1::JobEvent event;
  event.mutable_metrics()->set_phase(epoch.phase);
  event.mutable_metrics()->set_epoch(epoch.epoch);
  SetMetrics(epoch.Named(), event.mutable_metrics()->mutable_metrics());
  {
    absl::MutexLock lock(&mutex_);
    *standing_.mutable_last_metrics() = event.metrics().metrics();
    if (epoch.best) {
      standing_.set_best_epoch(epoch.epoch);
      *standing_.mutable_best_metrics() = event.metrics().metrics();
    }
  }
  Add(std::move(event));
}

void EventReporter::OnCheckpoint(const training::CheckpointSaved& checkpoint) {
  graft::v1::JobEvent event;
  event.mutable_checkpoint()->set_epoch(checkpoint.epoch);
  event.mutable_checkpoint()->set_best(checkpoint.best);
  Add(std::move(event));
}

void EventReporter::OnWarning(const tasks::TrainingWarning& warning) {
  graft::v1::JobEvent event;
  event.mutable_warning()->set_code(warning.code);
  event.mutable_warning()->set_message(warning.message);
  event.mutable_warning()->set_advice(warning.advice);
  Add(std::move(event));
}

void EventReporter::OnLog(const std::string& text) {
  graft::v1::JobEvent event;
  event.mutable_log()->set_text(text.substr(0, kMaxText));
  Add(std::move(event));
}

void EventReporter::OnProgress(const training::TrainingProgress& progress) {
  graft::v1::Progress proto;
  proto.set_stage(progress.stage);
  proto.set_epochs_done(progress.epochs_done);
  proto.set_epochs_total(progress.epochs_total);
  proto.set_steps_done(progress.steps_done);
  proto.set_steps_total(progress.steps_total);
  proto.set_fraction(progress.fraction);
  if (progress.eta != absl::InfiniteDuration()) *proto.mutable_eta() = wire::ToProto(progress.eta);
  absl::MutexLock lock(&mutex_);
  progress_ = std::move(proto);
}

void EventReporter::OnCounters(const training::TrainingCounters& counters) {
  absl::MutexLock lock(&mutex_);
  counters_ = counters;
}

void EventReporter::OnStep(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  if (step_seconds_.size() < kMaxSteps) {
    step_seconds_.push_back(absl::ToDoubleSeconds(duration));
  }
}

void EventReporter::Add(graft::v1::JobEvent event) {
  absl::MutexLock lock(&mutex_);
  waiting_.Add(std::move(event));
}

std::optional<v1::ReportRequest> EventReporter::Next() {
  absl::MutexLock lock(&mutex_);
  // What the server may have taken goes again as it was, under its number, or something that it
  // does not know would be lost with it.
  if (unacknowledged_.has_value()) return unacknowledged_;
  const bool counted = counters_.training_images != counted_.training_images ||
                       counters_.backbone_forward_images != counted_.backbone_forward_images ||
                       counters_.feature_cache_hits != counted_.feature_cache_hits ||
                       counters_.feature_cache_misses != counted_.feature_cache_misses ||
                       !step_seconds_.empty();
  if (waiting_.size() == 0 && !progress_.has_value() && waiting_.dropped() == 0 && !counted) {
    return std::nullopt;
  }

  v1::ReportRequest request = standing_;
  request.set_job_id(job_.job_id());
  request.set_fence(job_.fence());
  for (graft::v1::JobEvent& event : waiting_.Take(kBatchEvents, kBatchBytes)) {
    *request.add_events() = std::move(event);
  }
  if (waiting_.dropped() > 0 && waiting_.size() == 0) {
    request.add_events()->mutable_log()->set_text(
        absl::StrCat(waiting_.TakeDropped(),
                     " events (progress, metrics, log lines) were dropped: the server could not "
                     "take them, and there was no more room to keep them"));
  }
  if (progress_.has_value()) {
    const absl::Duration now = clock_->Monotonic();
    if (progress_->stage() != told_stage_ || now - told_at_ >= kProgressEventInterval) {
      *request.add_events()->mutable_progress() = *progress_;
      told_stage_ = progress_->stage();
      told_at_ = now;
    }
    *request.mutable_progress() = *std::exchange(progress_, std::nullopt);
  }
  request.set_batch(++batches_);
  v1::WorkerCounters* counters = request.mutable_counters();
  counters->set_training_images(counters_.training_images - counted_.training_images);
  counters->set_backbone_forward_images(counters_.backbone_forward_images -
                                        counted_.backbone_forward_images);
  counters->set_feature_cache_hits(counters_.feature_cache_hits - counted_.feature_cache_hits);
  counters->set_feature_cache_misses(counters_.feature_cache_misses -
                                     counted_.feature_cache_misses);
  counters->set_feature_cache_bytes(counters_.feature_cache_bytes);
  counted_ = counters_;
  counters->mutable_step_seconds()->Add(step_seconds_.begin(), step_seconds_.end());
  step_seconds_.clear();
  unacknowledged_ = request;
  return request;
}

void EventReporter::Acknowledge() {
  absl::MutexLock lock(&mutex_);
  unacknowledged_.reset();
}

int64_t EventReporter::unsent() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(waiting_.size()) +
         (unacknowledged_.has_value() ? unacknowledged_->events_size() : 0);
}

absl::Status EventReporter::SendAll(const std::function<bool()>& stop) {
  absl::MutexLock lock(&sending_);
  while (true) {
    std::optional<v1::ReportRequest> request = Next();
    if (!request.has_value()) return absl::OkStatus();
    const int events = request->events_size();
    const absl::Status sent = link_->Report(*std::move(request), stop).status();
    if (absl::IsInvalidArgument(sent)) {
      // However often it is sent: what comes after it must not wait for ever.
      logger_->Error(
          "the server refuses a report; it is dropped",
          {{"job", job_.job_id()}, {"events", absl::StrCat(events)}, {"error", sent.ToString()}});
    } else if (!sent.ok()) {
      return sent;
    }
    Acknowledge();
  }
}

bool EventReporter::IsOver(const absl::Status& sent) const {
  return absl::IsAborted(sent) || absl::IsNotFound(sent) || link_->lost();
}

absl::Status EventReporter::Flush(const std::function<bool()>& stop) {
  absl::Status sent;
  for (int failures = 0; failures < kFlushTries; ++failures) {
    clock_->Sleep(jobs::RestartDelay(kBackOff, failures));
    sent = SendAll(stop);
    if (sent.ok() || IsOver(sent) || absl::IsCancelled(sent)) break;
  }
  if (!sent.ok()) {
    logger_->Warning(
        "events were lost",
        {{"job", job_.job_id()}, {"events", absl::StrCat(unsent())}, {"error", sent.ToString()}});
  }
  return sent;
}

void EventReporter::Loop() {
  const auto stopped = [this] {
    absl::MutexLock lock(&mutex_);
    return stopped_;
  };
  int failures = 0;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (clock_->AwaitWithTimeout(
              mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; },
              std::max(kInterval, jobs::RestartDelay(kBackOff, failures)))) {
        return;
      }
    }
    const absl::Status sent = SendAll(stopped);
    if (IsOver(sent)) {
      on_lost_();
      return;
    }
    if (sent.ok() || absl::IsCancelled(sent)) {
      failures = 0;
    } else if (++failures == 1) {
      logger_->Warning("a report was not taken; it is kept and sent again",
                       {{"job", job_.job_id()}, {"error", sent.ToString()}});
    }
  }
}

}  // namespace graft::worker
