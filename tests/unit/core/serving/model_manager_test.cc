#include "core/serving/model_manager.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"

#include "tests/unit/core/serving/model_manager_fixture.h"

namespace graft::serving {
namespace {

using ::testing::HasSubstr;

TEST_F(ModelManagerTest, LoadsOnDemandAndOnlyOnce) {
  models_.Publish("m", 1);
  Start();
  EXPECT_EQ(VersionFor(1), 1);
  EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(world_.loads, 1);
  EXPECT_EQ(manager_->Loaded().models, 1);
  EXPECT_EQ(manager_->Loaded().bytes, 110u);
}

TEST_F(ModelManagerTest, ManyWhoAskAtOnceWaitForOneLoad) {
  models_.Publish("m", 1);
  world_.loading.Close();
  Start(1 << 20, 4);
  std::vector<Answer<AcquiredModel>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(Acquire(i % 2));
  world_.loading.AwaitArrivals(1);
  for (const auto& answer : answers) EXPECT_FALSE(answer.done());
  world_.loading.Open();
  for (auto& answer : answers) EXPECT_TRUE(answer.Wait().ok());
  EXPECT_EQ(world_.loads, 1);
}

TEST_F(ModelManagerTest, ALoadIsAnnouncedUntilItHasEnded) {
  models_.Publish("m", 1);
  world_.loading.Close();
  Start();
  Answer<AcquiredModel> answer = Acquire(1);
  world_.loading.AwaitArrivals(1);
  EXPECT_EQ(world_.announced, 1);
  world_.loading.Open();
  EXPECT_TRUE(answer.Wait().ok());
  EXPECT_EQ(VersionFor(9), 0) << "nothing of what is not there";
  manager_.reset();
  EXPECT_EQ(world_.announced, 0);
}

TEST_F(ModelManagerTest, LatestIsAskedOfTheSourceOnce) {
  models_.Publish("m", 1);
  Start();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(models_.resolves(), 1);
}

TEST_F(ModelManagerTest, UnknownModelAndVersionAreNamedAndLeaveNothing) {
  models_.Publish("m", 1);
  Start();
  EXPECT_EQ(VersionFor(0, "other"), 0);
  EXPECT_TRUE(absl::IsNotFound(last_error_));
  EXPECT_EQ(VersionFor(7), 0);
  EXPECT_TRUE(absl::IsNotFound(last_error_));
  EXPECT_THAT(std::string(last_error_.message()), HasSubstr("no version 7"));
  EXPECT_TRUE(manager_->List().empty());
  EXPECT_EQ(world_.loads, 0);
}

TEST_F(ModelManagerTest, TheOldVersionAnswersUntilTheNewOneIsWarm) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  world_.loading.Close();
  models_.Publish("m", 2);
  manager_->Preload("p", "m", 2);
  world_.loading.AwaitArrivals(2);
  EXPECT_EQ(VersionFor(0), 1);
  Answer<AcquiredModel> second = Acquire(2);
  EXPECT_FALSE(second.done());
  world_.loading.Open();
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(VersionFor(0), 2);
  EXPECT_EQ(VersionFor(1), 1);
  EXPECT_EQ(world_.loads, 2);
}

TEST_F(ModelManagerTest, TheFirstVersionIsNeverNotFoundWhileItLoads) {
  Start();
  EXPECT_EQ(VersionFor(0), 0);
  world_.loading.Close();
  models_.Publish("m", 1);
  manager_->Preload("p", "m", 1);
  Answer<AcquiredModel> asked = Acquire(0);
  EXPECT_FALSE(asked.done());
  world_.loading.Open();
  EXPECT_TRUE(asked.Wait().ok());
  EXPECT_EQ(world_.loads, 1);
}

TEST_F(ModelManagerTest, AVersionThatDoesNotLoadLeavesTheOldOneServing) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2);
  models_.Corrupt("m", 2);
  manager_->Preload("p", "m", 2);
  EXPECT_TRUE(absl::IsDataLoss(observer_.AwaitLoads(2)[1].status));
  EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(VersionFor(2), 0);
  EXPECT_TRUE(absl::IsDataLoss(last_error_));
}

TEST_F(ModelManagerTest, AFailedLoadIsRememberedForAWhile) {
  models_.Publish("m", 1);
  models_.Corrupt("m", 1);
  Start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(VersionFor(1), 0);
  EXPECT_EQ(world_.loads, 1);
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(VersionFor(1), 0);
  EXPECT_EQ(world_.loads, 2);
}

TEST_F(ModelManagerTest, APublishedVersionThatLoadsLaterBecomesTheLatestByItself) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2);
  models_.Corrupt("m", 2);
  manager_->Preload("p", "m", 2);
  observer_.AwaitLoads(2);
  models_.Repair("m", 2);
  EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(world_.loads, 2) << "tried again before its time";
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(VersionFor(0), 1) << "whoever asks does not wait for the reload";
  EXPECT_TRUE(observer_.AwaitLoads(3)[2].status.ok());
  EXPECT_EQ(VersionFor(0), 2);
}

TEST_F(ModelManagerTest, AskingForAVersionThatFailedDoesNotForgetWhatItWasWantedFor) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2);
  models_.Corrupt("m", 2);
  manager_->Preload("p", "m", 2);
  observer_.AwaitLoads(2);
  models_.Repair("m", 2);
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(VersionFor(2), 2);
  EXPECT_EQ(VersionFor(0), 2);
  EXPECT_EQ(world_.loads, 3);
}

TEST_F(ModelManagerTest, ADeletedVersionThatFailedIsNotTriedAgain) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2);
  models_.Corrupt("m", 2);
  manager_->Preload("p", "m", 2);
  observer_.AwaitLoads(2);
  models_.Delete("m", 2);
  manager_->Forget("p", "m", 2);
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(world_.loads, 2);
}

TEST_F(ModelManagerTest, EachFurtherFailureIsRememberedTwiceAsLong) {
  models_.Publish("m", 1);
  models_.Corrupt("m", 1);
  Start();
  EXPECT_EQ(VersionFor(1), 0);
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(VersionFor(1), 0);
  EXPECT_EQ(world_.loads, 2);
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(VersionFor(1), 0);
  EXPECT_EQ(world_.loads, 2);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(VersionFor(1), 0);
  EXPECT_EQ(world_.loads, 3);
}

TEST_F(ModelManagerTest, TwoPublishedOutOfOrderEndAtTheNewer) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  models_.Publish("m", 2);
  models_.Publish("m", 3);
  manager_->Preload("p", "m", 3);
  manager_->Preload("p", "m", 2);
  observer_.AwaitLoads(3);
  EXPECT_EQ(VersionFor(0), 3);
}

TEST_F(ModelManagerTest, AForgottenVersionStaysForThoseWhoUseItOnly) {
  models_.Publish("m", 1);
  models_.Publish("m", 2);
  Start();
  Answer<AcquiredModel> held = Acquire(0);
  ASSERT_EQ(held.Wait()->key.version, 2);
  models_.Delete("m", 2);
  manager_->Forget("p", "m", 2);
  ASSERT_EQ(manager_->List().size(), 1u);
  EXPECT_EQ(manager_->List()[0].state, ModelState::kUnloading);
  EXPECT_EQ(VersionFor(2), 0);
  EXPECT_EQ(VersionFor(0), 1);
  EXPECT_EQ(held.Wait()->servable->decoder().outputs(), 3);
  EXPECT_EQ(manager_->Loaded().models, 1);
  EXPECT_EQ(manager_->Loaded().bytes, 120u) << "the one in use still takes memory";
  held = Answer<AcquiredModel>();
  EXPECT_EQ(manager_->Loaded().bytes, 110u);
}

TEST_F(ModelManagerTest, AVersionForgottenWhileItLoadsIsNotServed) {
  models_.Publish("m", 1);
  world_.loading.Close();
  Start();
  Answer<AcquiredModel> asked = Acquire(1);
  world_.loading.AwaitArrivals(1);
  models_.Delete("m", 1);
  manager_->Forget("p", "m", 0);
  world_.loading.Open();
  EXPECT_TRUE(absl::IsNotFound(asked.Wait().status()));
  EXPECT_EQ(VersionFor(0), 0);
}

TEST_F(ModelManagerTest, AVersionForgottenWhileItLoadsIsNotFoundEvenIfItsFilesWentFirst) {
  models_.Publish("m", 1);
  models_.Corrupt("m", 1);
  world_.loading.Close();
  Start();
  Answer<AcquiredModel> asked = Acquire(1);
  world_.loading.AwaitArrivals(1);
  models_.Delete("m", 1);
  manager_->Forget("p", "m", 1);
  world_.loading.Open();
  EXPECT_TRUE(absl::IsNotFound(asked.Wait().status())) << asked.Wait().status();
}

TEST_F(ModelManagerTest, WhoWaitsForADeletedLatestGetsTheVersionBefore) {
  models_.Publish("m", 1);
  models_.Publish("m", 2);
  world_.loading.Close();
  Start();
  Answer<AcquiredModel> latest = Acquire(0);
  Answer<AcquiredModel> second = Acquire(2);
  world_.loading.AwaitArrivals(1);
  models_.Delete("m", 2);
  manager_->Forget("p", "m", 2);
  world_.loading.Open();
  ASSERT_TRUE(latest.Wait().ok()) << latest.Wait().status();
  EXPECT_EQ(latest.Wait()->key.version, 1);
  EXPECT_TRUE(absl::IsNotFound(second.Wait().status()));
}

TEST_F(ModelManagerTest, ALabelIsAnsweredByTheVersionThatItNames) {
  models_.Publish("m", 1);
  models_.Publish("m", 2);
  Start();
  manager_->SetLabel("p", "m", "stable", 1);
  manager_->SetLabel("p", "m", "canary", 2);
  EXPECT_EQ(VersionFor("stable"), 1);
  EXPECT_EQ(VersionFor("canary"), 2);
  // Whoever has the old one keeps it; whoever asks next gets the new one, and back.
  Answer<AcquiredModel> before = AcquireLabelled("stable");
  manager_->SetLabel("p", "m", "stable", 2);
  EXPECT_EQ(VersionFor("stable"), 2);
  EXPECT_EQ(before.Wait()->key.version, 1);
  manager_->SetLabel("p", "m", "stable", 1);
  EXPECT_EQ(VersionFor("stable"), 1);
  EXPECT_EQ(world_.loads, 2);
}

TEST_F(ModelManagerTest, ALabelThatNamesNothingSaysWhichThereAre) {
  models_.Publish("m", 1);
  Start();
  EXPECT_EQ(VersionFor("stable"), 0);
  EXPECT_TRUE(absl::IsNotFound(last_error_));
  EXPECT_THAT(std::string(last_error_.message()), HasSubstr("no label \"stable\" and no other"));
  manager_->SetLabel("p", "m", "canary", 1);
  EXPECT_EQ(VersionFor("stable"), 0);
  EXPECT_THAT(std::string(last_error_.message()), HasSubstr("it has canary"));
  manager_->SetLabel("p", "m", "canary", 0);
  EXPECT_EQ(VersionFor("canary"), 0);
  // A model that is deleted takes its labels along.
  manager_->SetLabel("p", "m", "stable", 1);
  models_.Delete("m", 1);
  manager_->Forget("p", "m", 0);
  EXPECT_EQ(VersionFor("stable"), 0);
  EXPECT_THAT(std::string(last_error_.message()), HasSubstr("no label"));
}

TEST_F(ModelManagerTest, WhoWaitsForALabelsVersionThatIsDeletedGetsTheOneItMovedTo) {
  models_.Publish("m", 1);
  models_.Publish("m", 2);
  world_.loading.Close();
  Start();
  manager_->SetLabel("p", "m", "stable", 1);
  Answer<AcquiredModel> stable = AcquireLabelled("stable");
  world_.loading.AwaitArrivals(1);
  manager_->SetLabel("p", "m", "stable", 2);
  models_.Delete("m", 1);
  manager_->Forget("p", "m", 1);
  world_.loading.Open();
  ASSERT_TRUE(stable.Wait().ok()) << stable.Wait().status();
  EXPECT_EQ(stable.Wait()->key.version, 2);
}

TEST_F(ModelManagerTest, WhatNobodyAsksForLeavesMemoryAndComesBack) {
  models_.Publish("m", 1);
  models_.Publish("m", 2);
  models_.Publish("m", 3);
  Start();
  Answer<AcquiredModel> held = Acquire(1);
  ASSERT_TRUE(held.Wait().ok());
  ASSERT_EQ(VersionFor(2), 2);
  clock_.Advance(absl::Minutes(5));
  ASSERT_EQ(VersionFor(3), 3);
  EXPECT_EQ(manager_->UnloadIdle(absl::Minutes(6)), 0);
  // The first is held, and the third was asked for just now.
  EXPECT_EQ(manager_->UnloadIdle(absl::Minutes(4)), 1);
  EXPECT_EQ(manager_->Loaded().models, 2);
  EXPECT_FALSE(manager_->Find({"p", "m", 2}).has_value());
  EXPECT_EQ(world_.loads, 3);
  EXPECT_EQ(VersionFor(2), 2);
  EXPECT_EQ(world_.loads, 4);
}

TEST_F(ModelManagerTest, WhatIsPinnedStaysInMemoryWhileItAnswersForTheModel) {
  for (const int version : {1, 2, 3}) models_.Publish("m", version);
  Start();
  manager_->SetLabel("p", "m", "stable", 1);
  manager_->SetPinned("p", "m", true);
  int done = 0;
  absl::Notification loaded;
  manager_->LoadPinned([&] {
    ++done;
    loaded.Notify();
  });
  loaded.WaitForNotification();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(world_.loads, 2) << "the latest, and the one with a label";
  ASSERT_EQ(VersionFor(2), 2);
  clock_.Advance(absl::Hours(1));
  // Whoever loads a version lets go of it a moment after the answer.
  while (manager_->Find({"p", "m", 2}).has_value()) manager_->UnloadIdle(absl::Minutes(1));
  EXPECT_TRUE(manager_->Find({"p", "m", 1}).has_value());
  EXPECT_TRUE(manager_->Find({"p", "m", 3}).has_value());
  const absl::Status refused = manager_->Unload("p", "m");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(manager_->Loaded().models, 2);

  manager_->SetLabel("p", "m", "stable", 3);
  EXPECT_EQ(manager_->UnloadIdle(absl::Minutes(1)), 1) << "no longer answers for anything";
  manager_->SetPinned("p", "m", false);
  EXPECT_EQ(manager_->UnloadIdle(absl::Minutes(1)), 1);
  EXPECT_TRUE(manager_->Unload("p", "m").ok());
}

TEST_F(ModelManagerTest, WhatIsPinnedComesBackAfterALoadThatFailed) {
  models_.Publish("m", 1);
  models_.Corrupt("m", 1);
  Start();
  manager_->SetPinned("p", "m", true);
  const auto load = [this] {
    absl::Notification tried;
    manager_->LoadPinned([&] { tried.Notify(); });
    tried.WaitForNotification();
    return manager_->Loaded().models;
  };
  EXPECT_EQ(load(), 0);
  models_.Repair("m", 1);
  EXPECT_EQ(load(), 0) << "too soon";
  clock_.Advance(absl::Minutes(6));
  EXPECT_EQ(load(), 1);
  models_.Delete("m", 1);
  manager_->Forget("p", "m", 0);
  EXPECT_EQ(load(), 0);
}

TEST_F(ModelManagerTest, AVersionThatWasUnloadedGoesOnWhereTheNewOneFails) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(0), 1);
  ASSERT_TRUE(manager_->Unload("p", "m").ok());
  EXPECT_EQ(manager_->Loaded().models, 0);
  models_.Publish("m", 2);
  models_.Corrupt("m", 2);
  manager_->Preload("p", "m", 2);
  EXPECT_EQ(VersionFor(0), 1) << last_error_;
  EXPECT_EQ(manager_->FindLatest("p", "m")->key.version, 1);
}

TEST_F(ModelManagerTest, WhatAVersionIsDoingIsKnown) {
  models_.Publish("m", 1);
  models_.Corrupt("m", 1);
  models_.Publish("m", 2);
  Start();
  EXPECT_EQ(manager_->StateOf({"p", "m", 2}), std::nullopt);
  world_.loading.Close();
  Answer<AcquiredModel> second = Acquire(2);
  world_.loading.AwaitArrivals(1);
  EXPECT_EQ(manager_->StateOf({"p", "m", 2}), ModelState::kLoading);
  EXPECT_FALSE(manager_->FindLatest("p", "m").has_value());
  world_.loading.Open();
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(manager_->StateOf({"p", "m", 2}), ModelState::kReady);
  EXPECT_EQ(VersionFor(1), 0);
  EXPECT_EQ(manager_->StateOf({"p", "m", 1}), std::nullopt);
  EXPECT_TRUE(absl::IsDataLoss(manager_->LoadError({"p", "m", 1})));
  // Once it may be tried again nothing is held against it.
  clock_.Advance(absl::Minutes(6));
  EXPECT_TRUE(manager_->LoadError({"p", "m", 1}).ok());
}

TEST_F(ModelManagerTest, WaitingForAVersionEndsAtItsTimeout) {
  models_.Publish("m", 1);
  world_.loading.Close();
  Start();
  const absl::Status late =
      AcquireAndWait(*manager_, {"p", "m", 1}, absl::Milliseconds(1)).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  world_.loading.Open();
  const auto model = AcquireAndWait(*manager_, {"p", "m", 1}, absl::InfiniteDuration());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->key.version, 1);
  EXPECT_TRUE(absl::IsNotFound(
      AcquireAndWait(*manager_, {"p", "m", 9}, absl::InfiniteDuration()).status()));
}

TEST_F(ModelManagerTest, AskingNeverWaitsForTheSource) {
  models_.Publish("m", 1);
  Start();
  ASSERT_EQ(VersionFor(1), 1);
  world_.resolving.Close();
  Answer<AcquiredModel> asked = Acquire(0);
  EXPECT_FALSE(asked.done());
  EXPECT_EQ(VersionFor(1), 1) << "what is in memory needs no source";
  world_.resolving.Open();
  EXPECT_TRUE(asked.Wait().ok());
}

TEST_F(ModelManagerTest, EndsWithEveryWaiterAnswered) {
  for (int v = 1; v <= 4; ++v) models_.Publish("m", v);
  world_.loading.Close();
  Start();
  std::vector<Answer<AcquiredModel>> answers;
  for (int v = 1; v <= 4; ++v) answers.push_back(Acquire(v));
  world_.loading.AwaitArrivals(1);
  std::thread ending([this] { manager_.reset(); });
  world_.loading.Open();
  ending.join();
  for (const auto& answer : answers) EXPECT_TRUE(answer.done());
}

TEST_F(ModelManagerTest, PublishingForgettingAndAskingFromManyThreadsHoldsTogether) {
  models_.Publish("m", 1);
  Start(/*budget=*/125, 2);
  constexpr int kAsked = 800;
  absl::BlockingCounter unanswered(kAsked);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        manager_->Acquire("p", "m", (i + t) % 3 == 0 ? 1 : 0,
                          [&](absl::StatusOr<AcquiredModel> model) {
                            if (!model.ok() && !absl::IsResourceExhausted(model.status())) {
                              ++wrong;  // version 1 is always there
                            }
                            unanswered.DecrementCount();
                          });
      }
    });
  }
  threads.emplace_back([&] {
    for (int v = 2; v < 40; ++v) {
      models_.Publish("m", v);
      manager_->Preload("p", "m", v);
    }
  });
  for (std::thread& thread : threads) thread.join();
  unanswered.Wait();  // what still waits for a load when the manager goes is told UNAVAILABLE
  manager_.reset();
  EXPECT_EQ(world_.alive, 0);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace graft::serving
