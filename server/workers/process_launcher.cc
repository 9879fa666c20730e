#include "server/workers/process_launcher.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <spawn.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <sys/wait.h>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace graft::server {
namespace {

constexpr size_t kMaxLine = 16 * 1024;
// How soon an end is noticed when something else still holds the process's output open; otherwise
// it is noticed at once.
constexpr int kPollMilliseconds = 100;

// Splits bytes into lines; a line that grows too long is handed on in pieces.
class LineSplitter {
 public:
  explicit LineSplitter(const std::function<void(absl::string_view)>& on_line)
      : on_line_(on_line) {}
  void Take(absl::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n') line_.push_back(c);
      if (c == '\n' || line_.size() >= kMaxLine) Flush();
    }
  }
  void Flush() {
    if (!line_.empty() && on_line_) on_line_(line_);
    line_.clear();
  }

 private:
  const std::function<void(absl::string_view)>& on_line_;
  std::string line_;
};

bool HasEnded(pid_t pid, bool wait) {
  siginfo_t info = {};
  while (true) {
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | (wait ? 0 : WNOHANG)) ==
        0) {
      return info.si_pid == pid;
    }
    if (errno != EINTR) return true;
  }
}

class PosixLauncher final : public ProcessLauncher {
 public:
  ~PosixLauncher() override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &PosixLauncher::AllEnded));
    Join();
  }

  absl::StatusOr<int> Start(const std::vector<std::string>& command, Callbacks callbacks) override {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no pipe for a new process: ", strerror(errno)));
    }
    const auto close_write_end = absl::MakeCleanup([&] { close(ends[1]); });

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // The server blocks SIGTERM and ignores SIGPIPE; a child would inherit both.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const auto destroy = absl::MakeCleanup([&] {
      posix_spawn_file_actions_destroy(&files);
      posix_spawnattr_destroy(&attributes);
    });

    std::vector<char*> arguments;
    for (const std::string& argument : command) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);

    absl::MutexLock lock(&mutex_);
    Join();
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
    if (error != 0) {
      close(ends[0]);
      const std::string message = absl::StrCat("cannot start a process: ", strerror(error));
      return error == ENOENT ? absl::NotFoundError(message) : absl::InternalError(message);
    }
    running_[pid] = std::thread([this, pid, output = ends[0], callbacks = std::move(callbacks)] {
      Watch(pid, output, callbacks);
    });
    return pid;
  }

  void Signal(int pid, int signal) override {
    absl::MutexLock lock(&mutex_);
    // Still unreaped, so the id is still this process's.
    if (running_.contains(pid)) kill(pid, signal);
  }

 private:
  void Watch(pid_t pid, int output, const Callbacks& callbacks) {
    LineSplitter lines(callbacks.on_line);
    char buffer[4096];
    bool open = true;
    while (open) {
      pollfd ready = {output, POLLIN, 0};
      const int count = poll(&ready, 1, kPollMilliseconds);
      if (count == 0) {
        if (HasEnded(pid, false)) break;
        continue;
      }
      const ssize_t size = read(output, buffer, sizeof(buffer));
      if (size > 0) {
        lines.Take(absl::string_view(buffer, static_cast<size_t>(size)));
      } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
        open = false;
      }
    }
    lines.Flush();
    close(output);
    HasEnded(pid, true);

    ProcessExit exit;
    {
      absl::MutexLock lock(&mutex_);
      int status = 0;
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      if (WIFSIGNALED(status)) {
        exit.signal = WTERMSIG(status);
      } else {
        exit.status = WEXITSTATUS(status);
      }
      const auto self = running_.find(pid);
      ending_.emplace(self->second.get_id(), std::move(self->second));
      running_.erase(self);
    }
    if (callbacks.on_exit) callbacks.on_exit(exit);
    absl::MutexLock lock(&mutex_);
    const auto self = ending_.find(std::this_thread::get_id());
    ended_.push_back(std::move(self->second));
    ending_.erase(self);
  }

  bool AllEnded() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return running_.empty() && ending_.empty();
  }

  // Joins the threads that are done but for their return.
  void Join() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (std::thread& thread : ended_) thread.join();
    ended_.clear();
  }

  absl::Mutex mutex_;
  std::map<pid_t, std::thread> running_ ABSL_GUARDED_BY(mutex_);
  std::map<std::thread::id, std::thread> ending_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::string DescribeExit(const ProcessExit& exit) {
  if (exit.signal == SIGKILL) return "killed by signal 9 (out of memory?)";
  if (exit.signal != 0) {
    return absl::StrCat("killed by signal ", exit.signal, " (", strsignal(exit.signal), ")");
  }
  return absl::StrCat("exited with status ", exit.status);
}

std::unique_ptr<ProcessLauncher> ProcessLauncher::Posix() {
  return std::make_unique<PosixLauncher>();
}

}  // namespace graft::server
