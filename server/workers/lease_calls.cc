#include "server/workers/lease_calls.h"

#include <utility>

#include "absl/time/clock.h"

#include "core/base/refusals.h"
#include "server/rpc/unary_call.h"
#include "wire/status.h"

namespace graft::server {

// Whoever takes a call out of `parked_`, or holds it before it is parked, is the one to answer it.
// gRPC holds it through `self_` until it is done with.
class LeaseCalls::Call final : public grpc::ServerUnaryReactor,
                               public std::enable_shared_from_this<Call> {
 public:
  Call(LeaseCalls* calls, Try attempt, std::function<void()> undo)
      : attempt_(std::move(attempt)), undo_(std::move(undo)), calls_(calls) {}

  void Begin(absl::Duration wait) {
    self_ = shared_from_this();
    // An alarm keeps its function until it is destroyed: one that held this call would keep it for
    // ever.
    alarm_.Set(absl::ToChronoTime(absl::Now() + wait), [weak = weak_from_this()](bool) {
      if (const std::shared_ptr<Call> self = weak.lock()) self->End(&self->timed_out);
    });
  }

  void Answer(const absl::Status& status) {
    alarm_.Cancel();
    Finish(wire::ToGrpcStatus(status));
  }

  const Try attempt_;
  const std::function<void()> undo_;
  // Guarded by the mutex of `calls_`.
  uint64_t arrival = 0;
  uint64_t asked_at = 0;  // the count of wakes when it last asked
  bool woken = false;     // and has not asked yet
  bool timed_out = false;
  bool cancelled = false;

 private:
  void OnCancel() override { End(&cancelled); }
  void OnDone() override { self_.reset(); }

  // Marks the call as over, and answers it if nobody else is about to.
  void End(bool* flag) {
    const std::shared_ptr<Call> self = shared_from_this();
    {
      absl::MutexLock lock(&calls_->mutex_);
      *flag = true;
      if (calls_->parked_.erase(arrival) == 0) return;
    }
    Answer(flag == &cancelled ? absl::CancelledError("the caller went away") : absl::OkStatus());
  }

  LeaseCalls* const calls_;
  grpc::Alarm alarm_;
  std::shared_ptr<Call> self_;
};

grpc::ServerUnaryReactor* LeaseCalls::Start(grpc::CallbackServerContext*, absl::Duration wait,
                                            Try attempt, std::function<void()> undo) {
  const auto call = std::make_shared<Call>(this, std::move(attempt), std::move(undo));
  call->Begin(wait);
  absl::Status refused;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) refused = Draining();
    if (parked_.size() >= max_waiting_) refused = Overloaded();
    call->arrival = ++arrivals_;
  }
  if (refused.ok()) {
    Submit(call);
  } else {
    call->Answer(refused);
  }
  return call.get();
}

void LeaseCalls::Submit(const std::shared_ptr<Call>& call) {
  if (!executor_->Submit([this, call] { Attempt(call); })) call->Answer(Draining());
}

void LeaseCalls::Attempt(const std::shared_ptr<Call>& call) {
  while (true) {
    bool cancelled = false;
    {
      absl::MutexLock lock(&mutex_);
      call->asked_at = wakes_;
      cancelled = call->cancelled;
    }
    absl::Status status = absl::CancelledError("the caller went away");
    bool leased = false;
    if (!cancelled) {
      status = CatchExceptions([&] {
        const auto tried = call->attempt_();
        if (tried.ok()) leased = *tried;
        return tried.status();
      });
    }
    if (!status.ok()) {
      PassOn(*call);
      return call->Answer(status);
    }

    absl::ReleasableMutexLock lock(&mutex_);
    if (!leased && !call->cancelled && !call->timed_out && !stopped_) {
      // Something came between the attempt and now.
      if (call->asked_at != wakes_) continue;
      parked_.emplace(call->arrival, call);
      const std::shared_ptr<Call> next = NextAfter(*call);
      lock.Release();
      if (next != nullptr) Submit(next);
      return;
    }
    cancelled = call->cancelled;
    lock.Release();
    if (!leased) PassOn(*call);
    if (cancelled && leased) call->undo_();
    return call->Answer(cancelled ? absl::CancelledError("the caller went away")
                                  : absl::OkStatus());
  }
}

void LeaseCalls::PassOn(Call& call) {
  std::shared_ptr<Call> next;
  {
    absl::MutexLock lock(&mutex_);
    next = NextAfter(call);
  }
  if (next != nullptr) Submit(next);
}

std::shared_ptr<LeaseCalls::Call> LeaseCalls::NextAfter(Call& call) {
  return std::exchange(call.woken, false) ? TakeNext() : nullptr;
}

std::shared_ptr<LeaseCalls::Call> LeaseCalls::TakeNext() {
  for (auto it = parked_.begin(); it != parked_.end(); ++it) {
    if (it->second->asked_at == wakes_) continue;
    std::shared_ptr<Call> next = std::move(it->second);
    parked_.erase(it);
    next->woken = true;
    return next;
  }
  return nullptr;
}

void LeaseCalls::Wake() {
  std::shared_ptr<Call> next;
  {
    absl::MutexLock lock(&mutex_);
    ++wakes_;
    next = TakeNext();
  }
  if (next != nullptr) Submit(next);
}

void LeaseCalls::Stop() {
  std::map<uint64_t, std::shared_ptr<Call>> waiting;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    waiting.swap(parked_);
  }
  for (const auto& [arrival, call] : waiting) call->Answer(absl::OkStatus());
}

size_t LeaseCalls::waiting() const {
  absl::MutexLock lock(&mutex_);
  return parked_.size();
}

}  // namespace graft::server
