// What a ModelManager does about memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/status_details.h"
#include "tests/unit/core/serving/model_manager_fixture.h"

namespace graft::serving {
namespace {

TEST_F(ModelManagerTest, EvictsTheLeastRecentlyUsedHeadsAndKeepsTheSharedBackbone) {
  for (int v = 1; v <= 3; ++v) models_.Publish("m", v);
  Start(/*budget=*/120);  // one backbone of 100, two heads of 10
  EXPECT_EQ(VersionFor(1), 1);
  EXPECT_EQ(VersionFor(2), 2);
  EXPECT_EQ(VersionFor(1), 1);
  EXPECT_EQ(VersionFor(3), 3);  // 2 goes
  EXPECT_EQ(world_.alive, 2);
  EXPECT_EQ(VersionFor(1), 1);
  EXPECT_EQ(world_.loads, 3);
  EXPECT_EQ(VersionFor(2), 2);
  EXPECT_EQ(world_.loads, 4);
  EXPECT_LE(manager_->Loaded().bytes, 120u);
}

TEST_F(ModelManagerTest, WhatIsInUseIsNotEvictedAndTheRestIsRefused) {
  models_.Publish("m", 1, {.digest = "x"});
  models_.Publish("m", 2, {.digest = "y"});
  Start(/*budget=*/150);
  {
    Answer<AcquiredModel> held = Acquire(1);
    ASSERT_TRUE(held.Wait().ok());
    EXPECT_EQ(VersionFor(2), 0);
    EXPECT_TRUE(absl::IsResourceExhausted(last_error_));
    EXPECT_EQ(RetryDelay(last_error_), absl::Seconds(5));
    clock_.Advance(absl::Seconds(2));
    EXPECT_EQ(VersionFor(2), 0);
    EXPECT_EQ(RetryDelay(last_error_), absl::Seconds(3));
  }
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(VersionFor(2), 2);
  EXPECT_EQ(world_.alive, 1);
}

TEST_F(ModelManagerTest, AVersionThatCannotFitIsRefusedBeforeItIsRead) {
  models_.Publish("m", 1, {.own_bytes = 500, .measured_own_bytes = 490});
  Start(/*budget=*/550);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(VersionFor(1), 0);
    EXPECT_TRUE(absl::IsResourceExhausted(last_error_)) << last_error_;
    EXPECT_EQ(ErrorReason(last_error_), "MODEL_MEMORY_FULL");
    clock_.Advance(absl::Seconds(5));
  }
  EXPECT_EQ(world_.loads, 0);
}

TEST_F(ModelManagerTest, TwoLoadsThatRaceForTheLastRoomNeverTakeMoreThanTheBudget) {
  models_.Publish("m", 1, {.digest = "x"});
  models_.Publish("n", 1, {.digest = "y"});
  world_.loading.Close();
  Start(/*budget=*/150, /*loader_threads=*/2);  // either fits: 110
  Answer<AcquiredModel> first = Acquire(1, "m");
  Answer<AcquiredModel> second = Acquire(1, "n");
  world_.loading.AwaitArrivals(1);
  world_.loading.Open();
  const bool first_loaded = first.Wait().ok();
  const bool second_loaded = second.Wait().ok();
  EXPECT_NE(first_loaded, second_loaded) << "whoever came first is in use, and is not evicted";
  const absl::Status& refused = (first_loaded ? second : first).Wait().status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_TRUE(RetryDelay(refused).has_value());
  EXPECT_EQ(world_.memory.peak(), 110u);
  EXPECT_EQ(world_.loads, 1) << "what does not fit is not even read";
}

TEST_F(ModelManagerTest, ALoadWaitsForTheOneInItsWayAndThenTakesItsPlace) {
  models_.Publish("m", 1, {.digest = "x"});
  models_.Publish("n", 1, {.digest = "y"});
  world_.loading.Close();
  Start(/*budget=*/150, /*loader_threads=*/2);
  manager_->Preload("p", "m", 1);
  world_.loading.AwaitArrivals(1);
  Answer<AcquiredModel> second = Acquire(1, "n");
  world_.loading.Open();
  EXPECT_TRUE(second.Wait().ok()) << second.Wait().status();  // nobody uses the first
  EXPECT_EQ(world_.alive, 1);
  EXPECT_EQ(world_.memory.peak(), 110u);
}

TEST_F(ModelManagerTest, AFailedLoadGivesItsRoomBack) {
  models_.Publish("m", 1, {.digest = "x"});
  models_.Corrupt("m", 1);
  models_.Publish("n", 1, {.digest = "y"});
  world_.loading.Close();
  Start(/*budget=*/150, /*loader_threads=*/2);
  Answer<AcquiredModel> first = Acquire(1, "m");
  world_.loading.AwaitArrivals(1);
  Answer<AcquiredModel> second = Acquire(1, "n");
  world_.loading.Open();
  EXPECT_TRUE(absl::IsDataLoss(first.Wait().status()));
  EXPECT_TRUE(second.Wait().ok()) << second.Wait().status();
  EXPECT_EQ(world_.memory.peak(), 110u);
}

TEST_F(ModelManagerTest, RoomIsMadeBeforeTheLoadAndNotAfterIt) {
  models_.Publish("m", 1, {.digest = "x"});
  models_.Publish("n", 1, {.digest = "y"});
  Start(/*budget=*/150);
  EXPECT_EQ(VersionFor(1, "m"), 1);
  EXPECT_EQ(VersionFor(1, "n"), 1);
  EXPECT_EQ(world_.alive, 1);
  EXPECT_EQ(world_.memory.peak(), 110u);
}

TEST_F(ModelManagerTest, WhoeverAsksForTheLatestWaitsWhereTheOldOneHadToGoForTheNew) {
  models_.Publish("m", 1, {.own_bytes = 100});
  Start(/*budget=*/200);
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2, {.own_bytes = 100});
  world_.loading.Close();
  manager_->Preload("p", "m", 2);
  world_.loading.AwaitArrivals(2);
  Answer<AcquiredModel> latest = Acquire(0);
  world_.loading.Open();
  ASSERT_TRUE(latest.Wait().ok()) << latest.Wait().status();
  EXPECT_EQ(latest.Wait()->key.version, 2);
  EXPECT_EQ(world_.loads, 2) << "the old one is not read again";
  EXPECT_EQ(world_.memory.peak(), 200u);
}

TEST_F(ModelManagerTest, TheVersionThatHadToGoComesBackWhereTheNewOneDoesNotLoad) {
  models_.Publish("m", 1, {.own_bytes = 100});
  Start(/*budget=*/200);
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2, {.own_bytes = 100});
  models_.Corrupt("m", 2);
  world_.loading.Close();
  manager_->Preload("p", "m", 2);
  world_.loading.AwaitArrivals(2);
  Answer<AcquiredModel> latest = Acquire(0);
  world_.loading.Open();
  ASSERT_TRUE(latest.Wait().ok()) << latest.Wait().status();
  EXPECT_EQ(latest.Wait()->key.version, 1);
  EXPECT_EQ(VersionFor(2), 0);
  EXPECT_TRUE(absl::IsDataLoss(last_error_)) << last_error_;
  EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(world_.loads, 3);
  EXPECT_EQ(world_.memory.peak(), 200u);
}

TEST_F(ModelManagerTest, AVersionThatTakesMoreThanItWasMeasuredAtIsRefusedUnlessItFits) {
  models_.Publish("m", 1, {.own_bytes = 60, .measured_own_bytes = 10});
  Start(/*budget=*/150);
  EXPECT_EQ(VersionFor(1), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(last_error_)) << last_error_;
  EXPECT_EQ(world_.alive, 0);
  EXPECT_EQ(manager_->Loaded().bytes, 0u);
  models_.Publish("m", 2, {.own_bytes = 50, .measured_own_bytes = 10});
  EXPECT_EQ(VersionFor(2), 2);
  EXPECT_EQ(manager_->Loaded().bytes, 150u);
}

}  // namespace
}  // namespace graft::serving
