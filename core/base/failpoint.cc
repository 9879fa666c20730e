#include "core/base/failpoint.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"

#include "core/base/clock.h"

namespace graft {
namespace {

constexpr char kVariable[] = "GRAFT_FAILPOINTS";

struct Armed {
  FailpointAction action;
  int hits = 0;
};

// The one thing in graft that belongs to the process: points are in functions that know nobody.
struct Registry {
  std::atomic<int> armed{0};  // entries of `points`
  absl::Mutex mutex;
  std::map<std::string, Armed, std::less<>> points ABSL_GUARDED_BY(mutex);
};

Registry& TheRegistry() {
  static auto* const registry = new Registry;  // never destroyed: threads may outlive main
  return *registry;
}

void Arm(absl::string_view name, FailpointAction action) {
  Registry& registry = TheRegistry();
  absl::MutexLock lock(&registry.mutex);
  registry.points[std::string(name)] = {std::move(action), 0};
  registry.armed.store(static_cast<int>(registry.points.size()));
}

// Whether this is the process, and the time, that the file says it may happen in.
bool MakesFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

absl::StatusOr<FailpointAction> ParseAction(absl::string_view text) {
  FailpointAction action;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  // Nothing at all splits into nothing.
  absl::string_view what = parts.empty() ? absl::string_view() : parts[0];
  const std::string wrong = absl::StrCat(kVariable, ": \"", text, "\": ");
  if (what == "kill") {
    action.kind = FailpointAction::Kind::kKill;
  } else if (what == "error") {
    action.kind = FailpointAction::Kind::kError;
  } else if (absl::ConsumePrefix(&what, "delay(") && absl::ConsumeSuffix(&what, ")") &&
             absl::ParseDuration(what, &action.delay)) {
    action.kind = FailpointAction::Kind::kDelay;
  } else if (absl::ConsumePrefix(&what, "error(") && absl::ConsumeSuffix(&what, ")")) {
    for (int code = 1; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
      if (absl::StatusCodeToString(static_cast<absl::StatusCode>(code)) != what) continue;
      action.error = absl::Status(static_cast<absl::StatusCode>(code), "a fault was injected");
      what = {};
    }
    if (!what.empty()) return absl::InvalidArgumentError(absl::StrCat(wrong, "no such code"));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat(wrong, "not kill, delay(50ms), error or error(CODE)"));
  }
  for (size_t i = 1; i < parts.size(); ++i) {
    absl::string_view option = parts[i];
    if (absl::ConsumePrefix(&option, "once=") && !option.empty()) {
      action.once = std::string(option);
    } else if (!absl::ConsumePrefix(&option, "hit=") || !absl::SimpleAtoi(option, &action.on_hit) ||
               action.on_hit < 1) {
      return absl::InvalidArgumentError(absl::StrCat(wrong, "not hit=N or once=FILE"));
    }
  }
  return action;
}

}  // namespace

ScopedFailpoint::ScopedFailpoint(absl::string_view name, FailpointAction action) : name_(name) {
  Arm(name, std::move(action));
}

ScopedFailpoint::~ScopedFailpoint() {
  Registry& registry = TheRegistry();
  absl::MutexLock lock(&registry.mutex);
  registry.points.erase(name_);
  registry.armed.store(static_cast<int>(registry.points.size()));
}

int ScopedFailpoint::hits() const {
  Registry& registry = TheRegistry();
  absl::MutexLock lock(&registry.mutex);
  const auto found = registry.points.find(name_);
  return found == registry.points.end() ? 0 : found->second.hits;
}

absl::Status ArmFailpoints(absl::string_view specification) {
  std::vector<std::pair<absl::string_view, FailpointAction>> parsed;
  for (const absl::string_view point : absl::StrSplit(specification, ';', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(point, absl::MaxSplits('=', 1));
    if (!IsFailpoint({parts.first.data(), parts.first.size()})) {
      return absl::InvalidArgumentError(
          absl::StrCat(kVariable, ": there is no failpoint \"", parts.first, "\""));
    }
    GRAFT_ASSIGN_OR_RETURN(FailpointAction action, ParseAction(parts.second));
    parsed.emplace_back(parts.first, std::move(action));
  }
  for (auto& [name, action] : parsed) Arm(name, std::move(action));
  return absl::OkStatus();
}

absl::Status ArmFailpointsFromEnvironment() {
  const char* const specification = std::getenv(kVariable);
  if (specification == nullptr || *specification == '\0') return absl::OkStatus();
  if (!HasFailpoints()) {
    return absl::FailedPreconditionError(
        absl::StrCat(kVariable, " is set, and this program was built without failpoints"));
  }
  return ArmFailpoints(specification);
}

absl::Status HitFailpoint(absl::string_view name) {
  Registry& registry = TheRegistry();
  if (registry.armed.load(std::memory_order_relaxed) == 0) return absl::OkStatus();
  FailpointAction action;
  {
    absl::MutexLock lock(&registry.mutex);
    const auto found = registry.points.find(name);
    if (found == registry.points.end()) return absl::OkStatus();
    ++found->second.hits;
    action = found->second.action;
    if (action.on_hit != 0 && action.on_hit != found->second.hits) return absl::OkStatus();
  }
  if (!action.once.empty() && !MakesFile(action.once)) return absl::OkStatus();
  switch (action.kind) {
    case FailpointAction::Kind::kError:
      return action.error;
    case FailpointAction::Kind::kDelay:
      Clock::System()->Sleep(action.delay);
      return absl::OkStatus();
    case FailpointAction::Kind::kKill:
      ::kill(::getpid(), SIGKILL);
      return absl::OkStatus();
    case FailpointAction::Kind::kCall:
      return action.call ? action.call() : absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace graft
