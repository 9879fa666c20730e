#include "client/lib/cancellation.h"

#include <grpcpp/client_context.h>

namespace graft::client {

void Cancellation::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* const context : calls_) context->TryCancel();
}

bool Cancellation::cancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

void Cancellation::WaitFor(absl::Duration pause) const {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&cancelled_), pause);
}

Cancellation::Scope::Scope(Cancellation& cancellation, grpc::ClientContext& context)
    : cancellation_(cancellation), context_(context) {
  absl::MutexLock lock(&cancellation_.mutex_);
  cancellation_.calls_.insert(&context_);
  if (cancellation_.cancelled_) context_.TryCancel();  // of a call not made yet: it fails at once
}

Cancellation::Scope::~Scope() {
  absl::MutexLock lock(&cancellation_.mutex_);
  cancellation_.calls_.erase(&context_);
}

}  // namespace graft::client
