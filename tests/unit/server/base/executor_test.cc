#include "server/base/executor.h"

#include <atomic>

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"

namespace graft {
namespace {

TEST(Executor, RefusesWhatItsQueueCannotHold) {
  Executor executor(1, 1);
  absl::Notification running, release;
  ASSERT_TRUE(executor.TrySubmit([&] {
    running.Notify();
    release.WaitForNotification();
  }));
  running.WaitForNotification();
  std::atomic<int> done{0};
  EXPECT_TRUE(executor.TrySubmit([&] { ++done; }));
  EXPECT_FALSE(executor.TrySubmit([&] { ++done; }));
  EXPECT_TRUE(executor.Submit([&] { ++done; })) << "follow-up work is not subject to the limit";
  release.Notify();
  executor.Shutdown();
  EXPECT_EQ(done, 2);
}

TEST(Executor, ShutdownRunsWhatIsQueuedAndTakesNothingNew) {
  Executor executor(2, 100);
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(executor.TrySubmit([&] { ++done; }));
  executor.Shutdown();
  EXPECT_EQ(done, 50);
  EXPECT_FALSE(executor.TrySubmit([] {}));
  EXPECT_FALSE(executor.Submit([] {}));
}

}  // namespace
}  // namespace graft
