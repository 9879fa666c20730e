#ifndef GRAFT_CORE_BASE_FAILPOINT_H_
#define GRAFT_CORE_BASE_FAILPOINT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "graft_build_options.h"

#include "core/base/failpoint_names.h"
#include "core/base/status_macros.h"

// GRAFT_FAILPOINT("blob.put.before_link"): a place where a test lets a fault happen. In a function
// that returns a Status or StatusOr: where an error is armed for the name, it is returned. The name
// is one of failpoint_names.h. Nothing at all in a build without GRAFT_FAILPOINTS (ADR 9).
#if GRAFT_FAILPOINTS
#define GRAFT_FAILPOINT(name)                                                           \
  do {                                                                                  \
    static_assert(::graft::IsFailpoint(name), "add it to core/base/failpoint_names.h"); \
    GRAFT_RETURN_IF_ERROR(::graft::HitFailpoint(name));                                 \
  } while (false)
#else
#define GRAFT_FAILPOINT(name) \
  static_assert(::graft::IsFailpoint(name), "add it to core/base/failpoint_names.h")
#endif

namespace graft {

// What happens at a point.
struct FailpointAction {
  enum class Kind {
    kError,  // the function returns `error`
    kDelay,  // the thread sleeps for `delay`
    kKill,   // the process gets SIGKILL
    kCall,   // `call` runs on the thread that hit it; its error is returned
  };
  Kind kind = Kind::kError;
  absl::Status error = absl::InternalError("a fault was injected");
  absl::Duration delay;
  std::function<absl::Status()> call;
  int on_hit = 0;    // only at the so-manieth hit, from 1; 0: at each
  std::string once;  // only if this file could be made: once over all processes. Empty: always
};

// Arms a point while it lives, in place of what was armed there. Tests use points of one name from
// one scope at a time. Safe for concurrent use.
class ScopedFailpoint {
 public:
  // `name` is one of failpoint_names.h.
  ScopedFailpoint(absl::string_view name, FailpointAction action);
  ~ScopedFailpoint();
  ScopedFailpoint(const ScopedFailpoint&) = delete;
  ScopedFailpoint& operator=(const ScopedFailpoint&) = delete;

  // How often the point was reached since.
  int hits() const;

 private:
  const std::string name_;
};

// Whether this build has failpoints; without them a ScopedFailpoint does nothing.
constexpr bool HasFailpoints() { return GRAFT_FAILPOINTS != 0; }

// Arms points for the life of the process: "NAME=ACTION[,hit=N][,once=FILE];...", an ACTION being
// kill, delay(50ms), error or error(RESOURCE_EXHAUSTED). INVALID_ARGUMENT says what of it is wrong.
absl::Status ArmFailpoints(absl::string_view specification);

// The same with the environment variable GRAFT_FAILPOINTS, which a test gives to the programs that
// it starts. FAILED_PRECONDITION where it is set and this build has no failpoints: a test must not
// pass because nothing was injected.
absl::Status ArmFailpointsFromEnvironment();

// What GRAFT_FAILPOINT calls. Safe for concurrent use; an atomic load while nothing is armed.
absl::Status HitFailpoint(absl::string_view name);

}  // namespace graft

#endif  // GRAFT_CORE_BASE_FAILPOINT_H_
