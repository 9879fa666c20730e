#include "core/serving/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;

class BatcherTest : public ::testing::Test {
 protected:
  void Start(const BatchOptions& options) {
    batcher_ = std::make_unique<Batcher>(options, &clock_, &observer_);
  }
  Answer<RowResult> Add(const std::string& image,
                        absl::Duration deadline = absl::InfiniteDuration()) {
    Answer<RowResult> answer;
    std::vector<BatchRow> rows;
    rows.push_back({.models = {model_},
                    .input = {{static_cast<uint8_t>(image[0] - 'a')}},
                    .deadline = deadline,
                    .done = answer.Callback()});
    batcher_->Add(std::move(rows));
    return answer;
  }
  std::vector<int> BatchSizes() {
    absl::MutexLock lock(&world_.mutex);
    return world_.batch_sizes;
  }
  void Set(absl::Status run_error, int answers_left_out) {
    absl::MutexLock lock(&world_.mutex);
    world_.run_error = std::move(run_error);
    world_.answers_left_out = answers_left_out;
  }

  FakeClock clock_;
  FakeWorld world_;
  RecordingServingObserver observer_;
  std::shared_ptr<const Servable> model_ =
      std::make_shared<FakeServable>(&world_, FakeServable::Shape{});
  std::unique_ptr<Batcher> batcher_;
};

TEST_F(BatcherTest, AFailingBatchFailsItsRowsAndNoOthers) {
  Start({});
  Set(absl::InternalError("the network failed"), 0);
  EXPECT_EQ(Add("a").Wait().status(), absl::InternalError("the network failed"));
  Set(absl::OkStatus(), 0);
  EXPECT_TRUE(Add("b").Wait().ok());
}

TEST_F(BatcherTest, AnswersForAnotherNumberOfRowsAreNobodys) {
  Start({});
  Set(absl::OkStatus(), 1);
  EXPECT_TRUE(absl::IsInternal(Add("a").Wait().status()));
}

TEST_F(BatcherTest, WithADelayALoneRowGoesWhenItHasWaitedThatLong) {
  Start({.max_queue_delay = absl::Milliseconds(5)});
  Answer<RowResult> answer = Add("c");
  clock_.WaitForWaiters(1);
  EXPECT_FALSE(answer.done());
  clock_.Advance(absl::Milliseconds(5));
  ASSERT_TRUE(answer.Wait().ok());
  EXPECT_EQ(answer.Wait()->started - answer.Wait()->arrived, absl::Milliseconds(5));
}

TEST_F(BatcherTest, WithADelayALoneRowGoesBeforeItsDeadline) {
  Start({.max_queue_delay = absl::Seconds(5), .deadline_margin = absl::Milliseconds(100)});
  Answer<RowResult> answer = Add("c", clock_.Monotonic() + absl::Seconds(1));
  clock_.WaitForWaiters(1);
  clock_.Advance(absl::Milliseconds(900));
  ASSERT_TRUE(answer.Wait().ok()) << answer.Wait().status();
  EXPECT_EQ(answer.Wait()->started - answer.Wait()->arrived, absl::Milliseconds(900));
}

TEST_F(BatcherTest, AnArrivalThatFillsTheBatchWakesIt) {
  Start({.max_batch_size = 2, .max_queue_delay = absl::Seconds(5)});
  Answer<RowResult> first = Add("a");
  clock_.WaitForWaiters(1);
  Answer<RowResult> second = Add("b");
  ASSERT_TRUE(first.Wait().ok());
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(first.Wait()->started, first.Wait()->arrived);
  EXPECT_THAT(BatchSizes(), ElementsAre(2));
}

TEST_F(BatcherTest, WithADelayAFullBatchGoesAtOnce) {
  Start({.max_batch_size = 2, .max_queue_delay = absl::Seconds(5)});
  std::vector<BatchRow> rows;
  std::vector<Answer<RowResult>> answers(2);
  for (Answer<RowResult>& answer : answers) {
    rows.push_back({.models = {model_}, .input = {{0}}, .done = answer.Callback()});
  }
  batcher_->Add(std::move(rows));
  for (Answer<RowResult>& answer : answers) {
    ASSERT_TRUE(answer.Wait().ok());
    EXPECT_EQ(answer.Wait()->started, answer.Wait()->arrived);
  }
  EXPECT_THAT(BatchSizes(), ElementsAre(2));
}

TEST_F(BatcherTest, WhatWaitsWhenItEndsIsComputed) {
  Start({});
  world_.computing.Close();
  Answer<RowResult> first = Add("a");
  world_.computing.AwaitArrivals(1);
  Answer<RowResult> second = Add("b");
  world_.computing.Open();
  batcher_.reset();
  EXPECT_TRUE(first.done() && first.Wait().ok());
  EXPECT_TRUE(second.done() && second.Wait().ok());
}

}  // namespace
}  // namespace graft::serving
