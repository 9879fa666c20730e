#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/training/loop/trainer.h"
#include "core/training/state/tensor_file.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/core/training/toy_job.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TrainerResumeTest : public ToyTrainerTest {};

// Ends the run, as a drain or a crash would, in the middle of epoch `epoch` + 1.
class InterruptedTest : public TrainerResumeTest,
                        public ::testing::WithParamInterface<
                            std::tuple<recipes::Strategy, recipes::OptimizerKind, int>> {};

TEST_P(InterruptedTest, ARunThatIsTakenUpAgainEndsWithTheSameWeights) {
  const auto [strategy, optimizer, epoch] = GetParam();
  recipes::FineTuneConfig config = ToyConfig(strategy);
  config.training.optimizer = optimizer;
  config.training.early_stopping_patience = 0;

  Attempt whole;
  whole.config = config;
  whole.dropout = 0.3;
  ASSERT_TRUE(whole.Run().ok());

  MemoryCheckpoints checkpoints;
  Attempt cut;
  cut.config = config;
  cut.dropout = 0.3;
  cut.checkpoints = &checkpoints;
  int steps_left = 2;
  cut.desired = [&, last = epoch] {
    if (static_cast<int>(checkpoints.saved.size()) < last) return RunSignal::kRun;
    return --steps_left >= 0 ? RunSignal::kRun : RunSignal::kDrain;
  };
  const absl::Status status = cut.Run();
  ASSERT_TRUE(IsDrained(status)) << status;
  ASSERT_THAT(checkpoints.saved, SizeIs(epoch));

  Attempt rest;
  rest.config = config;
  rest.dropout = 0.3;
  rest.checkpoints = &checkpoints;
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.observer.epochs.front().epoch, epoch + 1);
  ExpectSameWeights(*whole.network, *rest.network);
  EXPECT_EQ(rest.trainer->state().best.epoch, whole.trainer->state().best.epoch);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, InterruptedTest,
                         ::testing::Combine(::testing::Values(recipes::Strategy::kTopLayers,
                                                              recipes::Strategy::kFull),
                                            ::testing::Values(recipes::OptimizerKind::kAdamW,
                                                              recipes::OptimizerKind::kSgd),
                                            // In the head phase, at its end, and in the next.
                                            ::testing::Values(1, 3, 5)));

TEST_F(TrainerResumeTest, ATornCheckpointIsPassedOverForTheOneBefore) {
  Attempt whole;
  whole.config = ToyConfig(recipes::Strategy::kTopLayers);
  ASSERT_TRUE(whole.Run().ok());

  MemoryCheckpoints checkpoints;
  Attempt cut;
  cut.config = whole.config;
  cut.checkpoints = &checkpoints;
  cut.desired = [&] { return checkpoints.saved.size() < 5 ? RunSignal::kRun : RunSignal::kDrain; };
  ASSERT_TRUE(IsDrained(cut.Run()));
  std::string& newest = checkpoints.saved.rbegin()->second;
  newest.resize(newest.size() - 100);

  Attempt rest;
  rest.config = whole.config;
  rest.checkpoints = &checkpoints;
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.observer.epochs.front().epoch, 5);
  EXPECT_THAT(rest.observer.logs, Contains(HasSubstr("passed over")));
  ExpectSameWeights(*whole.network, *rest.network);
}

TEST_F(TrainerResumeTest, CancellingEndsTheRunAtTheNextStep) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  int polls = 0;
  attempt.desired = [&] { return ++polls < 10 ? RunSignal::kRun : RunSignal::kCancel; };
  const absl::Status status = attempt.Run();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(IsDrained(status));
  EXPECT_EQ(polls, 10);
}

TEST_F(TrainerResumeTest, ACheckpointHoldsTheBestEpochOnlyOnce) {
  MemoryCheckpoints checkpoints;
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kTopLayers);
  attempt.config.training.early_stopping_patience = 0;
  attempt.checkpoints = &checkpoints;
  ASSERT_TRUE(attempt.Run().ok());
  std::set<bool> seen;
  for (const CheckpointSaved& saved : attempt.observer.checkpoints) {
    const auto file = ParseTensorFile(checkpoints.saved.at(saved.epoch));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->tensors.count("best/head.weight"), saved.best ? 0 : 1) << saved.epoch;
    const auto state = ParseCheckpoint(checkpoints.saved.at(saved.epoch), "job");
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(state->best.tensors.count("head.weight"), 1) << saved.epoch;
    seen.insert(saved.best);
  }
  EXPECT_THAT(seen, SizeIs(2)) << "some epochs are the best so far and some are not";
}

// A second a poll: the time of a phase is what both attempts spent in epochs that were kept.
TEST_F(TrainerResumeTest, ATakenUpRunKeepsTheSecondsOfItsPhases) {
  const auto seconds_of = [](const Attempt& attempt, const std::string& phase) {
    for (const auto& [name, seconds] : attempt.trainer->state().phase_seconds) {
      if (name == phase) return seconds;
    }
    return -1.0;
  };
  FakeClock clock;
  MemoryCheckpoints checkpoints;
  Attempt whole, cut, rest;
  for (Attempt* each : {&whole, &cut, &rest}) {
    each->config = ToyConfig(recipes::Strategy::kTopLayers);
    each->config.training.early_stopping_patience = 0;
    each->clock = &clock;
    each->cache = cache_.get();
    each->desired = [&, each] {
      clock.Advance(absl::Seconds(1));
      return each == &cut && checkpoints.saved.size() == 2 ? RunSignal::kDrain : RunSignal::kRun;
    };
  }
  cut.checkpoints = rest.checkpoints = &checkpoints;
  ASSERT_TRUE(whole.Run().ok());
  ASSERT_TRUE(IsDrained(cut.Run()));
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_GT(seconds_of(whole, "head"), 0);
  EXPECT_DOUBLE_EQ(seconds_of(rest, "head"), seconds_of(whole, "head"));
  EXPECT_DOUBLE_EQ(seconds_of(rest, "fine-tune"), seconds_of(whole, "fine-tune"));
}

}  // namespace
}  // namespace graft::training
