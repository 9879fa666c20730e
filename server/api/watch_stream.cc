#include "server/api/watch_stream.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

#include "core/base/error_reasons.h"
#include "core/base/refusals.h"
#include "core/base/status_details.h"
#include "wire/time.h"

namespace graft::server {
namespace {

// The stream's state, shared by the hub, its reads and the transport, whichever goes last. At any
// time at most one of these is under way: a read, a write on the wire.
class WatchState final : public WatchStream,
                         public WatchHub::Listener,
                         public std::enable_shared_from_this<WatchState> {
 public:
  WatchState(WatchHub& hub, WatchedJob job, uint64_t after, ReadEvents read)
      : hub_(hub), job_(std::move(job)), read_(std::move(read)), cursor_(after) {}

  void Begin(WatchSink* sink) override {
    {
      absl::MutexLock lock(&mutex_);
      sink_ = sink;
    }
    // Registered before the first read: an event between the two wakes the stream again.
    if (hub_.Add(job_, shared_from_this(), std::move(read_))) return Wake();
    absl::MutexLock lock(&mutex_);
    FinishWith(
        WithRetryDelay(WithReason(absl::ResourceExhaustedError("too many Watch streams are open"),
                                  reasons::kTooManyWatches),
                       absl::Seconds(5)));
  }

  void Wake() override {
    absl::MutexLock lock(&mutex_);
    news_ = true;
    Advance();
  }

  void Stop() override {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    Advance();
  }

  void Deliver(const absl::StatusOr<std::shared_ptr<const EventPage>>& page) override {
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    if (!page.ok()) return FinishWith(page.status());
    page_ = *page;
    next_ = 0;
    if (!page_->events.empty()) {
      news_ = true;  // look again until there is nothing more
    } else if (page_->progress.has_value()) {
      TellProgress(*page_->progress);
    }
    Advance();
  }

  void Cancel() override {
    absl::MutexLock lock(&mutex_);
    FinishWith(absl::CancelledError("the caller went away"));
  }

  void Written(bool ok) override {
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    if (!ok) return FinishWith(absl::CancelledError("the caller went away"));
    Advance();
  }

  void Done() override { hub_.Remove(job_, this); }

 private:
  // Takes the next step, if none is under way.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || busy_) return;
    if (page_ != nullptr) {
      // The page may be another stream's too, that was not so far.
      const std::vector<v1::JobEvent>& events = page_->events;
      while (next_ < events.size() && events[next_].sequence() <= cursor_) ++next_;
      if (next_ < events.size()) {
        *response_.mutable_event() = events[next_];
        return Write();
      }
      if (page_->ended) return FinishWith(absl::OkStatus());
      page_.reset();
    }
    if (progress_.has_value()) {
      *response_.mutable_event() = *std::exchange(progress_, std::nullopt);
      return Write();
    }
    // A full page may have more behind it; news_ is also set for that.
    if (news_) {
      news_ = false;
      busy_ = true;
      if (!hub_.Read(job_, shared_from_this(), cursor_)) FinishWith(Draining());
      return;
    }
    if (stop_) FinishWith(Draining());
  }

  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    busy_ = true;
    cursor_ = response_.event().sequence();
    sink_->Write(&response_);
  }

  // Makes an event of progress that was not told yet.
  void TellProgress(const v1::Progress& progress) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::string bytes = progress.SerializeAsString();
    if (bytes == told_progress_) return;
    told_progress_ = std::move(bytes);
    v1::JobEvent& event = progress_.emplace();
    event.set_sequence(cursor_);
    *event.mutable_time() = wire::ToProto(absl::Now());
    *event.mutable_progress() = progress;
  }

  void FinishWith(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    finished_ = true;
    sink_->Finish(status);
  }

  WatchHub& hub_;
  const WatchedJob job_;
  ReadEvents read_;  // until it is handed to the hub

  absl::Mutex mutex_;
  WatchSink* sink_ ABSL_GUARDED_BY(mutex_) = nullptr;  // valid until finished_
  std::shared_ptr<const EventPage> page_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;  // of page_->events
  uint64_t cursor_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::JobEvent> progress_ ABSL_GUARDED_BY(mutex_);  // not told yet
  std::string told_progress_ ABSL_GUARDED_BY(mutex_);             // serialised
  v1::WatchResponse response_;                                    // being written
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool news_ ABSL_GUARDED_BY(mutex_) = true;  // something may follow cursor_ in the store
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<WatchStream> MakeWatchStream(WatchHub& hub, const WatchedJob& job,
                                             uint64_t after_sequence, ReadEvents read) {
  return std::make_shared<WatchState>(hub, job, after_sequence, std::move(read));
}

}  // namespace graft::server
