#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/training/loop/trainer.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/core/training/toy_job.h"

namespace graft::training {
namespace {

using ::testing::Contains;

class TrainerProgressTest : public ToyTrainerTest {};

TEST_F(TrainerProgressTest, ProgressRisesToTheEnd) {
  for (uint64_t max_in_memory :
       {features::kMaxFeaturesInMemory, uint64_t{10'000}}) {  // kept, and not
    Attempt attempt;
    attempt.config = ToyConfig(recipes::Strategy::kTopLayers);
    attempt.max_in_memory = max_in_memory;
    ASSERT_TRUE(attempt.Run().ok());
    double last = 0;
    for (const TrainingProgress& at : attempt.observer.progress) {
      EXPECT_GE(at.fraction, last);
      last = at.fraction;
    }
    EXPECT_NEAR(last, 1.0, 1e-6);
  }
}

TEST_F(TrainerProgressTest, TheSearchForThePenaltyTellsHowFarItIs) {
  FakeClock clock;
  Attempt attempt;
  attempt.clock = &clock;
  attempt.desired = [&] {
    clock.Advance(absl::Seconds(1));
    return RunSignal::kRun;
  };
  ASSERT_TRUE(attempt.Run().ok());
  int64_t last = 0;
  for (const TrainingProgress& at : attempt.observer.progress) {
    if (at.stage != "head" || at.steps_total == 0) continue;
    EXPECT_EQ(at.steps_total, 130)
        << "13 penalties under 2 scalings in 5 folds: 24 images are held out";
    EXPECT_GT(at.steps_done, last);
    last = at.steps_done;
  }
  EXPECT_GE(last, 120);
}

TEST_F(TrainerProgressTest, AHeadThatHasNotConvergedIsWarnedOf) {
  Attempt attempt;
  attempt.config.training.epochs = 2;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(attempt.observer.warnings, Contains("NOT_CONVERGED"));
  Attempt enough;
  ASSERT_TRUE(enough.Run().ok());
  EXPECT_THAT(enough.observer.warnings, ::testing::Not(Contains("NOT_CONVERGED")));
}

}  // namespace
}  // namespace graft::training
