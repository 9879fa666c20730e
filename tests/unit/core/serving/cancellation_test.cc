#include "core/serving/cancellation.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"

namespace graft::serving {
namespace {

TEST(CancellationToken, CallsItsListenerOnceHoweverOftenItIsCancelled) {
  CancellationToken token;
  int calls = 0;
  token.Listen([&] { ++calls; });
  EXPECT_EQ(calls, 0);
  token.Cancel();
  token.Cancel();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(token.cancelled());
}

TEST(CancellationToken, ALateListenerIsCalledAtOnceAndOneTakenBackNever) {
  CancellationToken token;
  int calls = 0;
  token.Listen([&] { ++calls; });
  token.Listen(nullptr);
  token.Cancel();
  EXPECT_EQ(calls, 0);
  token.Listen([&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(CancellationToken, AListenerMayTakeItselfBack) {
  CancellationToken token;
  bool returned = false;
  token.Listen([&] {
    token.Listen(nullptr);
    returned = true;
  });
  token.Cancel();
  EXPECT_TRUE(returned);
}

TEST(CancellationToken, TakingTheListenerBackWaitsForACallUnderWay) {
  CancellationToken token;
  absl::Notification inside;
  std::atomic<bool> taken_back{false};
  std::atomic<bool> taken_back_too_early{false};
  token.Listen([&] {
    inside.Notify();
    for (int i = 0; i < 20000 && !taken_back; ++i) std::this_thread::yield();
    taken_back_too_early = taken_back.load();
  });
  std::thread cancelling([&] { token.Cancel(); });
  inside.WaitForNotification();
  token.Listen(nullptr);
  taken_back = true;
  cancelling.join();
  EXPECT_FALSE(taken_back_too_early);
}

}  // namespace
}  // namespace graft::serving
