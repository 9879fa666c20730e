#include "worker/event_reporter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "wire/time.h"

namespace graft {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(300);
// An event is kept for ever: of progress this often, and one for each stage.
constexpr absl::Duration kProgressEventInterval = absl::Seconds(10);
constexpr size_t kBatch = 500;
constexpr size_t kMaxSteps = 10'000;
constexpr size_t kMaxText = 16 * 1024;

void SetMetrics(const std::vector<std::pair<std::string, double>>& named,
                google::protobuf::RepeatedPtrField<v1::Metric>* metrics) {
  metrics->Clear();
  for (const auto& [name, value] : named) {
    v1::Metric* metric = metrics->Add();
    metric->set_name(name);
    metric->set_value(value);
  }
}

}  // namespace

EventReporter::EventReporter(const worker::v1::LeasedJob& job, ServerLink* link, Clock* clock,
                             std::function<void()> on_lost)
    : job_(job), link_(link), clock_(clock), on_lost_(std::move(on_lost)), thread_([this] {
        Loop();
      }) {}

EventReporter::~EventReporter() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  thread_.join();
}

void EventReporter::OnPhaseStarted(const PhaseStarted& phase) {
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

void EventReporter::OnEpoch(const EpochMetrics& epoch) {
  v1::JobEvent event;
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

void EventReporter::OnCheckpoint(const CheckpointSaved& checkpoint) {
  v1::JobEvent event;
  event.mutable_checkpoint()->set_epoch(checkpoint.epoch);
  event.mutable_checkpoint()->set_best(checkpoint.best);
  Add(std::move(event));
}

void EventReporter::OnWarning(const TrainingWarning& warning) {
  v1::JobEvent event;
  event.mutable_warning()->set_code(warning.code);
  event.mutable_warning()->set_message(warning.message);
  event.mutable_warning()->set_advice(warning.advice);
  Add(std::move(event));
}

void EventReporter::OnLog(const std::string& text) {
  v1::JobEvent event;
  event.mutable_log()->set_text(text.substr(0, kMaxText));
  Add(std::move(event));
}

void EventReporter::OnProgress(const TrainingProgress& progress) {
  v1::Progress proto;
  proto.set_stage(progress.stage);
  proto.set_epochs_done(progress.epochs_done);
  proto.set_epochs_total(progress.epochs_total);
  proto.set_steps_done(progress.steps_done);
  proto.set_steps_total(progress.steps_total);
  proto.set_fraction(progress.fraction);
  if (progress.eta != absl::InfiniteDuration()) *proto.mutable_eta() = ToProto(progress.eta);
  absl::MutexLock lock(&mutex_);
  progress_ = std::move(proto);
}

void EventReporter::OnCounters(const TrainingCounters& counters) {
  absl::MutexLock lock(&mutex_);
  counters_ = counters;
}

void EventReporter::OnStep(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  if (step_seconds_.size() < kMaxSteps) {
    step_seconds_.push_back(absl::ToDoubleSeconds(duration));
  }
}

void EventReporter::Add(v1::JobEvent event) {
  absl::MutexLock lock(&mutex_);
  if (event.has_log() && waiting_.size() >= kMaxWaiting) {
    ++dropped_;
    return;
  }
  waiting_.push_back(std::move(event));
}

std::optional<worker::v1::ReportRequest> EventReporter::Take() {
  absl::MutexLock lock(&mutex_);
  const bool counted = counters_.training_images != counted_.training_images ||
                       counters_.backbone_forward_images != counted_.backbone_forward_images ||
                       counters_.feature_cache_hits != counted_.feature_cache_hits ||
                       counters_.feature_cache_misses != counted_.feature_cache_misses ||
                       !step_seconds_.empty();
  if (waiting_.empty() && !progress_.has_value() && dropped_ == 0 && !counted) return std::nullopt;

  worker::v1::ReportRequest request = standing_;
  request.set_job_id(job_.job_id());
  request.set_fence(job_.fence());
  const size_t count = std::min(waiting_.size(), kBatch);
  for (size_t i = 0; i < count; ++i) *request.add_events() = std::move(waiting_[i]);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
  if (dropped_ > 0 && waiting_.empty()) {
    request.add_events()->mutable_log()->set_text(
        absl::StrCat(std::exchange(dropped_, 0), " log lines were dropped: the server was away"));
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
  worker::v1::WorkerCounters* counters = request.mutable_counters();
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
  return request;
}

absl::Status EventReporter::SendAll(const std::function<bool()>& stop) {
  absl::MutexLock lock(&sending_);
  while (true) {
    std::optional<worker::v1::ReportRequest> request = Take();
    if (!request.has_value()) return absl::OkStatus();
    const absl::Status sent = link_->Report(*std::move(request), stop).status();
    if (!sent.ok()) return sent;
  }
}

absl::Status EventReporter::Flush(const std::function<bool()>& stop) { return SendAll(stop); }

void EventReporter::Loop() {
  const auto stopped = [this] {
    absl::MutexLock lock(&mutex_);
    return stopped_;
  };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (clock_->AwaitWithTimeout(
              mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; }, kInterval)) {
        return;
      }
    }
    const absl::Status sent = SendAll(stopped);
    if (absl::IsAborted(sent) || absl::IsNotFound(sent) || link_->lost()) {
      on_lost_();
      return;
    }
  }
}

}  // namespace graft
