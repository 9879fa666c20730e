#ifndef GRAFT_CLIENT_LIB_CANCELLATION_H_
#define GRAFT_CLIENT_LIB_CANCELLATION_H_

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace grpc {
class ClientContext;
}

namespace graft::client {

// Ends a client's calls from another thread: those under way answer CANCELLED, and later ones at
// once. Cannot be taken back. Safe for concurrent use.
class Cancellation {
 public:
  void Cancel();
  bool cancelled() const;

  // Waits so long, or until cancelled.
  void WaitFor(absl::Duration pause) const;

  // Puts one call under the cancellation, for as long as it lives. `context` outlives it.
  class Scope {
   public:
    Scope(Cancellation& cancellation, grpc::ClientContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Cancellation& cancellation_;
    grpc::ClientContext& context_;
  };

 private:
  mutable absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_CANCELLATION_H_
