#include "server/workers/process_launcher.h"

#include <csignal>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

// Runs a shell script to its end.
struct Process {
  explicit Process(ProcessLauncher* launcher, const std::string& script) {
    ProcessLauncher::Callbacks callbacks;
    callbacks.on_line = [this](absl::string_view line) {
      absl::MutexLock lock(&mutex);
      lines.emplace_back(line);
    };
    callbacks.on_exit = [this](const ProcessExit& how) {
      exit = how;
      ended.Notify();
    };
    const auto started = launcher->Start({"/bin/sh", "-c", script}, std::move(callbacks));
    EXPECT_TRUE(started.ok()) << started.status();
    pid = started.value_or(0);
  }
  void Wait() { ASSERT_TRUE(ended.WaitForNotificationWithTimeout(kPatience)); }
  bool Said(const std::string& line) {
    absl::MutexLock lock(&mutex);
    return mutex.AwaitWithTimeout(
        absl::Condition(
            +[](std::pair<Process*, const std::string*>* arguments) {
              for (const std::string& each : arguments->first->lines) {
                if (each == *arguments->second) return true;
              }
              return false;
            },
            std::make_unique<std::pair<Process*, const std::string*>>(this, &line).get()),
        kPatience);
  }

  absl::Mutex mutex;
  std::vector<std::string> lines;
  int pid = 0;
  ProcessExit exit;
  absl::Notification ended;
};

TEST(ProcessLauncher, TellsEveryLineOfBothOutputsAndTheStatus) {
  const auto launcher = ProcessLauncher::Posix();
  Process process(launcher.get(), "echo one; echo two >&2; printf three; exit 7");
  process.Wait();
  EXPECT_THAT(process.lines, ElementsAre("one", "two", "three"));
  EXPECT_EQ(process.exit.signal, 0);
  EXPECT_EQ(process.exit.status, 7);
  EXPECT_FALSE(process.exit.clean());
  EXPECT_EQ(DescribeExit(process.exit), "exited with status 7");
}

TEST(ProcessLauncher, AKilledProcessIsSaidToBe) {
  const auto launcher = ProcessLauncher::Posix();
  Process process(launcher.get(), "echo up; while true; do sleep 1; done");
  ASSERT_TRUE(process.Said("up"));
  launcher->Signal(process.pid, SIGKILL);
  process.Wait();
  EXPECT_EQ(process.exit.signal, SIGKILL);
  EXPECT_EQ(DescribeExit(process.exit), "killed by signal 9 (out of memory?)");
  launcher->Signal(process.pid, SIGKILL);  // gone: nothing happens
}

TEST(ProcessLauncher, ASignalThatTheServerBlocksReachesTheChild) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto launcher = ProcessLauncher::Posix();
  Process process(launcher.get(), "trap 'exit 3' TERM; echo up; while true; do sleep 0.1; done");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(process.Said("up"));
  launcher->Signal(process.pid, SIGTERM);
  process.Wait();
  EXPECT_EQ(process.exit.status, 3);
}

TEST(ProcessLauncher, AMissingProgramIsAnErrorNotAnExit) {
  const auto launcher = ProcessLauncher::Posix();
  const auto started = launcher->Start({"/nonexistent/graft-worker"}, {});
  EXPECT_TRUE(absl::IsNotFound(started.status())) << started.status();
  EXPECT_THAT(std::string(started.status().message()), HasSubstr("cannot start"));
}

TEST(ProcessLauncher, AnEndIsNoticedThoughAGrandchildHoldsTheOutput) {
  const auto launcher = ProcessLauncher::Posix();
  Process process(launcher.get(), "sleep 20 & echo $!; exit 0");
  process.Wait();
  EXPECT_TRUE(process.exit.clean());
  ASSERT_EQ(process.lines.size(), 1u);
  kill(std::stoi(process.lines[0]), SIGKILL);
}

}  // namespace
}  // namespace graft::server
