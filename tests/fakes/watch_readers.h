#ifndef GRAFT_TESTS_FAKES_WATCH_READERS_H_
#define GRAFT_TESTS_FAKES_WATCH_READERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/v1/finetune.grpc.pb.h"

namespace graft {

// Any number of Watch streams of one job, without a thread each. Safe for concurrent use.
class WatchReaders {
 public:
  WatchReaders() = default;
  // Ends the streams that are left.
  ~WatchReaders() {
    for (const auto& reader : readers_) reader->context.TryCancel();
    absl::MutexLock lock(&mutex_);
    const auto all_done = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return done_ == readers_.size();
    };
    mutex_.Await(absl::Condition(&all_done));
  }

  void Start(v1::FineTuneService::Stub* stub, const std::string& job_id) {
    {
      absl::MutexLock lock(&mutex_);
      readers_.push_back(std::make_unique<Reader>(this));
    }
    readers_.back()->Start(stub, job_id);
  }

  // Until each stream has had an event of this number or a later one. False: not in time.
  bool AwaitAll(uint64_t sequence, absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    const auto all_there = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      for (const auto& reader : readers_) {
        if (reader->last < sequence) return false;
      }
      return true;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&all_there), timeout);
  }

  // Until each has ended. False: not in time.
  bool AwaitEnds(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    const auto all_done = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return done_ == readers_.size();
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&all_done), timeout);
  }

  // Streams that ended otherwise than OK, and numbers that did not follow the one before.
  int failed() const {
    absl::MutexLock lock(&mutex_);
    return failed_;
  }
  int gaps() const {
    absl::MutexLock lock(&mutex_);
    return gaps_;
  }

 private:
  struct Reader final : grpc::ClientReadReactor<v1::WatchResponse> {
    explicit Reader(WatchReaders* owner) : owner(owner) {}
    void Start(v1::FineTuneService::Stub* stub, const std::string& job_id) {
      request.set_job_id(job_id);
      stub->async()->Watch(&context, &request, this);
      StartRead(&response);
      StartCall();
    }
    void OnReadDone(bool ok) override {
      if (!ok) return;
      {
        absl::MutexLock lock(&owner->mutex_);
        const uint64_t sequence = response.event().sequence();
        // Progress repeats the number before it.
        if (sequence != last + 1 && !(response.event().has_progress() && sequence == last)) {
          ++owner->gaps_;
        }
        last = sequence;
      }
      StartRead(&response);
    }
    void OnDone(const grpc::Status& status) override {
      absl::MutexLock lock(&owner->mutex_);
      if (!status.ok()) ++owner->failed_;
      ++owner->done_;
    }

    WatchReaders* const owner;
    grpc::ClientContext context;
    v1::WatchRequest request;
    v1::WatchResponse response;
    uint64_t last = 0;  // guarded by the owner's mutex
  };

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> readers_;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  int failed_ ABSL_GUARDED_BY(mutex_) = 0;
  int gaps_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_WATCH_READERS_H_
