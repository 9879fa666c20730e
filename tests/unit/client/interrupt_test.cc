#include "client/cli/interrupt.h"

#include <csignal>
#include <cstdlib>
#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace graft::cli {
namespace {

// Tests that run in the background of a script are started with the signal ignored.
void DefaultSigint() { std::signal(SIGINT, SIG_DFL); }

// In processes of their own, where no other thread can take the signal.
class InterruptTest : public ::testing::Test {
 protected:
  InterruptTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using InterruptDeathTest = InterruptTest;

TEST_F(InterruptDeathTest, CallsBackInsteadOfEndingTheProgram) {
  EXPECT_EXIT(
      {
        DefaultSigint();
        absl::Notification called;
        {
          const Interrupt interrupt([&] { called.Notify(); });
          ::kill(::getpid(), SIGINT);
          called.WaitForNotification();
        }
        std::_Exit(42);
      },
      ::testing::ExitedWithCode(42), "");
}

TEST_F(InterruptDeathTest, EndsTheProgramTheSecondTime) {
  EXPECT_EXIT(
      {
        DefaultSigint();
        absl::Notification called;
        const Interrupt interrupt([&] { called.Notify(); });
        ::kill(::getpid(), SIGINT);
        called.WaitForNotification();
        ::kill(::getpid(), SIGINT);
        while (true) ::pause();
      },
      ::testing::KilledBySignal(SIGINT), "");
}

TEST_F(InterruptDeathTest, LeavesAnIgnoredSignalIgnored) {
  EXPECT_EXIT(
      {
        std::signal(SIGINT, SIG_IGN);
        {
          const Interrupt interrupt([] { std::_Exit(1); });
          ::kill(::getpid(), SIGINT);
        }
        std::_Exit(42);
      },
      ::testing::ExitedWithCode(42), "");
}

TEST_F(InterruptDeathTest, GivesTheSignalBack) {
  EXPECT_EXIT(
      {
        DefaultSigint();
        {
          const Interrupt interrupt([] {});
        }
        ::kill(::getpid(), SIGINT);
        while (true) ::pause();
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace graft::cli
