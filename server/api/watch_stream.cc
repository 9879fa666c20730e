#include "server/api/watch_stream.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

#include "server/api/run_handler.h"
#include "wire/status.h"
#include "wire/time.h"

namespace graft {
namespace {

// The stream's state, shared by the hub, the executor's tasks and the transport, whichever goes
// last. At any time at most one of these is under way: a read on the executor, a write on the wire.
class WatchState final : public WatchStream,
                         public WatchHub::Listener,
                         public std::enable_shared_from_this<WatchState> {
 public:
  WatchState(WatchHub& hub, Executor& executor, std::string job_id, uint64_t after, ReadEvents read)
      : hub_(hub),
        executor_(executor),
        job_id_(std::move(job_id)),
        read_(std::move(read)),
        cursor_(after) {}

  void Begin(WatchSink* sink) override {
    {
      absl::MutexLock lock(&mutex_);
      sink_ = sink;
    }
    // Registered before the first read: an event between the two wakes the stream again.
    if (hub_.Add(job_id_, shared_from_this())) return Wake();
    absl::MutexLock lock(&mutex_);
    FinishWith(
        WithRetryDelay(WithReason(absl::ResourceExhaustedError("too many Watch streams are open"),
                                  "TOO_MANY_WATCHES"),
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

  void Cancel() override {
    absl::MutexLock lock(&mutex_);
    FinishWith(absl::CancelledError("the caller went away"));
  }

  void Written(bool ok) override {
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    if (!ok) return FinishWith(absl::CancelledError("the caller went away"));
    ++next_;
    Advance();
  }

  void Done() override { hub_.Remove(job_id_, this); }

 private:
  // Takes the next step, if none is under way.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || busy_) return;
    if (next_ < page_.events.size()) {
      busy_ = true;
      cursor_ = page_.events[next_].sequence();
      response_.mutable_event()->Swap(&page_.events[next_]);
      sink_->Write(&response_);
      return;
    }
    if (page_.ended) return FinishWith(absl::OkStatus());
    // A full page may have more behind it; news_ is also set for that.
    if (news_) {
      news_ = false;
      busy_ = true;
      auto self = shared_from_this();
      // Streams are bounded by the hub, and each has one read at a time.
      if (!executor_.Submit([self] { self->Read(); })) FinishWith(Draining());
      return;
    }
    if (stop_) FinishWith(Draining());
  }

  void Read() {
    uint64_t after;
    {
      absl::MutexLock lock(&mutex_);
      if (finished_) return;
      after = cursor_;
    }
    absl::StatusOr<EventPage> page = absl::InternalError("not read");
    const absl::Status status = CatchExceptions([&] {
      page = read_(after);
      return page.status();
    });
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    if (!status.ok()) return FinishWith(status);
    page_ = *std::move(page);
    next_ = 0;
    if (!page_.events.empty()) {
      news_ = true;  // look again until there is nothing more
    } else if (page_.progress.has_value()) {
      TellProgress(*page_.progress);
    }
    Advance();
  }

  // Makes an event of progress that was not told yet.
  void TellProgress(const v1::Progress& progress) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::string bytes = progress.SerializeAsString();
    if (bytes == told_progress_) return;
    told_progress_ = std::move(bytes);
    v1::JobEvent& event = page_.events.emplace_back();
    event.set_sequence(cursor_);
    *event.mutable_time() = ToProto(absl::Now());
    *event.mutable_progress() = progress;
  }

  void FinishWith(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    finished_ = true;
    sink_->Finish(status);
  }

  WatchHub& hub_;
  Executor& executor_;
  const std::string job_id_;
  const ReadEvents read_;

  absl::Mutex mutex_;
  WatchSink* sink_ ABSL_GUARDED_BY(mutex_) = nullptr;  // valid until finished_
  EventPage page_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;  // of page_.events
  uint64_t cursor_ ABSL_GUARDED_BY(mutex_);
  std::string told_progress_ ABSL_GUARDED_BY(mutex_);  // serialised
  v1::WatchResponse response_;                         // being written
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool news_ ABSL_GUARDED_BY(mutex_) = true;  // something may follow cursor_ in the store
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<WatchStream> MakeWatchStream(WatchHub& hub, Executor& executor,
                                             const std::string& job_id, uint64_t after_sequence,
                                             ReadEvents read) {
  return std::make_shared<WatchState>(hub, executor, job_id, after_sequence, std::move(read));
}

}  // namespace graft
