#ifndef GRAFT_SERVER_WORKERS_LEASE_CALLS_H_
#define GRAFT_SERVER_WORKERS_LEASE_CALLS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/thread_pool.h"

namespace graft::server {

// The waiting of Lease's long polls: who asks for a job when there is none is parked, without a
// thread, until it is woken, its time is over, or its caller leaves. Safe for concurrent use.
//
// A job wakes one call, that which waits longest: for each that is woken asks the store. Where it
// gets nothing, since its worker cannot run that job or another was faster, it wakes the next that
// has not asked since, so that a job that someone parked can run is never left lying.
class LeaseCalls {
 public:
  // Tries to fill the response. False: nothing to lease now. Blocks; called on the executor.
  using Try = std::function<absl::StatusOr<bool>()>;

  LeaseCalls(ThreadPool* executor, size_t max_waiting)
      : executor_(executor), max_waiting_(max_waiting) {}

  // Answers the call when `attempt` is true or fails; after `wait` with an OK answer that it did
  // not fill. `undo` is called when `attempt` was true for a caller who had gone by then.
  // RESOURCE_EXHAUSTED when too many wait, UNAVAILABLE after Stop.
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, absl::Duration wait,
                                  Try attempt, std::function<void()> undo);

  // There is one thing more to lease.
  void Wake();

  // Answers everyone parked, with nothing; Start refuses from here on.
  void Stop();

  size_t waiting() const;

 private:
  class Call;

  void Attempt(const std::shared_ptr<Call>& call);
  void Submit(const std::shared_ptr<Call>& call);
  // For a call that is not parked and leased nothing: wakes the next where it was woken.
  void PassOn(Call& call);
  std::shared_ptr<Call> NextAfter(Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the call out that waits longest of those that have not asked since the last Wake().
  std::shared_ptr<Call> TakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ThreadPool* const executor_;
  const size_t max_waiting_;
  mutable absl::Mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Call>> parked_ ABSL_GUARDED_BY(mutex_);  // by arrival
  uint64_t arrivals_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t wakes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_LEASE_CALLS_H_
