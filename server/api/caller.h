#ifndef GRAFT_SERVER_API_CALLER_H_
#define GRAFT_SERVER_API_CALLER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/serving/cancellation.h"

namespace graft::server {

inline constexpr char kAnonymous[] = "anonymous";

// Who asks. Nothing proves it yet: everyone is "anonymous" until a transport authenticates.
struct Principal {
  std::string name = kAnonymous;
  std::vector<std::string> roles;
};

// What a transport knows of a call before anything of its request is looked at.
struct CallContext {
  Principal principal;
  // Where the call comes from: an address without its port. Whoever comes through a Unix socket, or
  // from where the transport cannot tell, has "".
  std::string peer;
  std::string request_id;                        // names the call in the logs of both sides
  absl::Time deadline = absl::InfiniteFuture();  // on the wall clock
  // Cancelled by the transport when the caller goes away. Never null.
  std::shared_ptr<serving::CancellationToken> cancel =
      std::make_shared<serving::CancellationToken>();
};

// Who may do what is asked, in which project: what every handler of the API is given. Only a Gate
// makes one, so that no handler runs unasked for. Constant; safe for concurrent reads.
class Caller {
 public:
  const Principal& principal() const { return context_.principal; }
  const std::string& project() const { return project_; }  // a valid name
  // Whose share of what is limited by caller this call takes: the principal's, or while nobody has
  // said who that is the address's.
  std::string share() const {
    return context_.principal.name == kAnonymous ? "peer " + context_.peer
                                                 : "principal " + context_.principal.name;
  }
  const std::string& request_id() const { return context_.request_id; }
  absl::Time deadline() const { return context_.deadline; }
  bool cancelled() const { return context_.cancel->cancelled(); }
  const std::shared_ptr<serving::CancellationToken>& cancel() const { return context_.cancel; }

 private:
  friend class Gate;
  Caller(CallContext context, std::string project)
      : context_(std::move(context)), project_(std::move(project)) {}

  CallContext context_;
  std::string project_;
};

// The caller's deadline, which it gives on the wall clock, as an instant of `clock`'s Monotonic():
// what predictors want. InfiniteDuration for none.
inline absl::Duration MonotonicDeadline(const Caller& caller, Clock& clock) {
  if (caller.deadline() == absl::InfiniteFuture()) return absl::InfiniteDuration();
  return clock.Monotonic() + (caller.deadline() - absl::Now());
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_CALLER_H_
