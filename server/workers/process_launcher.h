#ifndef GRAFT_SERVER_WORKERS_PROCESS_LAUNCHER_H_
#define GRAFT_SERVER_WORKERS_PROCESS_LAUNCHER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::server {

// How a process ended.
struct ProcessExit {
  int signal = 0;  // that killed it; 0: it exited by itself
  int status = 0;  // exit status where it did
  bool clean() const { return signal == 0 && status == 0; }
};

// "killed by signal 9 (out of memory?)", "exited with status 1".
std::string DescribeExit(const ProcessExit& exit);

// Starts programs and tells when they end. Safe for concurrent use.
class ProcessLauncher {
 public:
  struct Callbacks {
    // Each line the process writes to standard output or error, without its newline.
    std::function<void(absl::string_view)> on_line;
    // Once, after the last line.
    std::function<void(const ProcessExit&)> on_exit;
  };

  // The real one: posix_spawn. Its destructor waits until every process it started has ended:
  // signal them first.
  static std::unique_ptr<ProcessLauncher> Posix();

  virtual ~ProcessLauncher() = default;

  // Starts command[0] with the arguments that follow, no standard input, no signal blocked or
  // ignored. Answers the process id. Callbacks come on a thread of the launcher's, maybe before
  // Start returns. A child that asks to die with its parent (PR_SET_PDEATHSIG) dies with the
  // *thread* that called Start: call it on one that lives long.
  // NOT_FOUND when there is no such program.
  virtual absl::StatusOr<int> Start(const std::vector<std::string>& command,
                                    Callbacks callbacks) = 0;

  // Nothing happens when the process has ended: its id is never another process's by mistake.
  virtual void Signal(int pid, int signal) = 0;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_PROCESS_LAUNCHER_H_
