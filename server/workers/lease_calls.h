#ifndef GRAFT_SERVER_WORKERS_LEASE_CALLS_H_
#define GRAFT_SERVER_WORKERS_LEASE_CALLS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/thread_pool.h"

namespace graft {

// The waiting of Lease's long polls: who asks for a job when there is none is parked, without a
// thread, until Wake(), its time, or its caller's leaving. Safe for concurrent use.
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

  // There may be something to lease: everyone parked tries again.
  void Wake();

  // Answers everyone parked, with nothing; Start refuses from here on.
  void Stop();

  size_t waiting() const;

 private:
  class Call;

  void Attempt(const std::shared_ptr<Call>& call);
  void Submit(const std::shared_ptr<Call>& call);

  ThreadPool* const executor_;
  const size_t max_waiting_;
  mutable absl::Mutex mutex_;
  std::set<std::shared_ptr<Call>> parked_ ABSL_GUARDED_BY(mutex_);
  uint64_t wakes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace graft

#endif  // GRAFT_SERVER_WORKERS_LEASE_CALLS_H_
