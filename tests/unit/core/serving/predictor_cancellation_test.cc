#include <atomic>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"

#include "core/base/clock.h"
#include "tests/unit/core/serving/predictor_fixture.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;

TEST_F(PredictorTest, WhatACancelledRequestLeavesWithTheDecodersIsNotRead) {
  Start({.decode_threads = 2});
  world_.decoding.Close();
  auto cancel = std::make_shared<CancellationToken>();
  Answer<PredictResponse> cancelled =
      Submit(std::vector<std::string>(20, "a"), "m", absl::InfiniteDuration(), cancel);
  world_.decoding.AwaitArrivals(2);
  cancel->Cancel();
  EXPECT_TRUE(absl::IsCancelled(cancelled.Wait().status()));
  world_.decoding.Open();
  EXPECT_TRUE(Submit({"b"}).Wait().ok());
  absl::MutexLock lock(&world_.mutex);
  EXPECT_THAT(world_.decoded, ElementsAre("a", "a", "b"));
}

TEST_F(PredictorTest, ACancelledRequestLeavesTheQueueAtOnce) {
  Start({.max_inputs_per_request = 1, .max_pending_inputs = 2});
  Answer<PredictResponse> running = Occupy();
  auto cancel = std::make_shared<CancellationToken>();
  Answer<PredictResponse> waiting = Submit({"a"}, "m", absl::InfiniteDuration(), cancel);
  cancel->Cancel();
  ASSERT_TRUE(waiting.done());
  EXPECT_TRUE(absl::IsCancelled(waiting.Wait().status()));
  Answer<PredictResponse> next = Submit({"b"});  // its place is free
  world_.computing.Open();
  EXPECT_TRUE(next.Wait().ok());
  cancel->Cancel();
  EXPECT_TRUE(running.Wait().ok());
}

TEST_F(PredictorTest, ACancellationAtTheDeadlineIsThePassingOfTheDeadline) {
  Start();
  Answer<PredictResponse> running = Occupy();
  const auto cancelled_after = [&](absl::Duration waited) {
    auto cancel = std::make_shared<CancellationToken>();
    Answer<PredictResponse> answer =
        Submit({"a"}, "m", clock_.Monotonic() + absl::Seconds(1), cancel);
    clock_.Advance(waited);
    cancel->Cancel();
    return answer.Wait().status().code();
  };
  EXPECT_EQ(cancelled_after(absl::Milliseconds(950)), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(cancelled_after(absl::Milliseconds(500)), absl::StatusCode::kCancelled);
  world_.computing.Open();
  EXPECT_TRUE(running.Wait().ok());
}

TEST_F(PredictorTest, CancelledBeforeItWasSubmittedIsCancelled) {
  Start();
  auto cancel = std::make_shared<CancellationToken>();
  cancel->Cancel();
  EXPECT_TRUE(
      absl::IsCancelled(Submit({"a"}, "m", absl::InfiniteDuration(), cancel).Wait().status()));
  EXPECT_EQ(world_.loads, 0);
}

TEST_F(PredictorTest, ACancelledRequestMayOutwaitItsPredictor) {
  world_.loading.Close();
  Start();
  auto cancel = std::make_shared<CancellationToken>();
  Answer<PredictResponse> waiting = Submit({"a"}, "m", absl::InfiniteDuration(), cancel);
  world_.loading.AwaitArrivals(1);
  cancel->Cancel();
  EXPECT_TRUE(absl::IsCancelled(waiting.Wait().status()));
  predictor_.reset();
  world_.loading.Open();
  manager_.reset();
}

// A clock that keeps one thread, of the test's choice, until another has asked it as well, and then
// leaves that one time to go on.
class SlowClock final : public Clock {
 public:
  absl::Time Now() override { return absl::UnixEpoch(); }
  absl::Duration Monotonic() override {
    if (std::this_thread::get_id() == slow_thread) {
      asked.Notify();
      while (!asked_by_another) std::this_thread::yield();
      for (int i = 0; i < 20000 && !gone; ++i) std::this_thread::yield();
      saw_gone = gone.load();
    } else if (asked.HasBeenNotified()) {
      asked_by_another = true;
    }
    return absl::ZeroDuration();
  }
  bool AwaitUntil(absl::Mutex&, const std::function<bool()>& condition, absl::Duration) override {
    return condition();
  }

  std::atomic<std::thread::id> slow_thread{std::thread::id()};
  absl::Notification asked;
  std::atomic<bool> asked_by_another{false};
  std::atomic<bool> gone{false};
  std::atomic<bool> saw_gone{false};
};

TEST_F(PredictorTest, ThePredictorOutlivesACancelThatIsInsideIt) {
  models_.Publish("m", 1);
  models_.Corrupt("m", 1);
  SlowClock clock;
  manager_ = *ModelManager::Create({}, &models_, &models_, &clock_, nullptr);
  predictor_ = *Predictor::Create({}, manager_.get(), &clock, nullptr);
  world_.loading.Close();
  auto cancel = std::make_shared<CancellationToken>();
  Answer<PredictResponse> answer = Submit({"a"}, "m", absl::Seconds(60), cancel);
  world_.loading.AwaitArrivals(1);
  std::thread cancelling([&] {
    clock.slow_thread = std::this_thread::get_id();
    cancel->Cancel();  // too late: the answer comes while it asks what time it is
  });
  clock.asked.WaitForNotification();
  world_.loading.Open();
  EXPECT_TRUE(absl::IsDataLoss(answer.Wait().status())) << answer.Wait().status();
  predictor_.reset();
  clock.gone = true;
  cancelling.join();
  EXPECT_FALSE(clock.saw_gone) << "the predictor went while a cancel was inside it";
}

}  // namespace
}  // namespace graft::serving
