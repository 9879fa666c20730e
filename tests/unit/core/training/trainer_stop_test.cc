// What ends a run before its time, and what it then leaves.
#include <algorithm>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/core/training/toy_job.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TrainerStopTest : public ToyTrainerTest {};

TEST_F(TrainerStopTest, StoppingTrainsNoFurtherAndKeepsTheBestSoFar) {
  MemoryCheckpoints checkpoints;
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.checkpoints = &checkpoints;
  int steps_left = 2;  // in the middle of the sixth epoch
  attempt.desired = [&] {
    if (checkpoints.saved.size() < 5) return RunSignal::kRun;
    return --steps_left >= 0 ? RunSignal::kRun : RunSignal::kStop;
  };
  const absl::Status status = attempt.Run();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(attempt.trainer->stopped());
  EXPECT_THAT(attempt.observer.epochs, SizeIs(5));
  EXPECT_GT(attempt.trainer->state().best.epoch, 0);
  // The stop is still wanted, and the best is judged all the same.
  const auto report = attempt.trainer->Evaluate(attempt.data.validation, "validation");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_DOUBLE_EQ(tasks::FindFigure(report->figures, tasks::kLossFigure).value(),
                   attempt.trainer->state().best.cost);

  // One that was given back before it could end goes on from its checkpoint to the same end.
  Attempt next;
  next.config = attempt.config;
  next.checkpoints = &checkpoints;
  next.desired = [] { return RunSignal::kStop; };
  ASSERT_TRUE(next.Run().ok());
  EXPECT_THAT(next.observer.epochs, IsEmpty());
  EXPECT_EQ(next.images->loaded, static_cast<int64_t>(next.data.validation.size()))
      << "the part that calibrates, and nothing of what is learnt from";
  ExpectSameWeights(*attempt.network, *next.network);
}

TEST_F(TrainerStopTest, StoppingBeforeTheFirstEpochEndsAsACancelThatSaysWhy) {
  for (const recipes::Strategy strategy :
       {recipes::Strategy::kFull, recipes::Strategy::kFeatureExtraction}) {
    Attempt attempt;
    attempt.config = ToyConfig(strategy);
    attempt.desired = [] { return RunSignal::kStop; };
    const absl::Status status = attempt.Run();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_FALSE(IsDrained(status));
    EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("nothing to keep")));
  }
}

TEST_F(TrainerStopTest, AHeadThatIsBeingSolvedIsSolvedBeforeTheStop) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFeatureExtraction);
  attempt.desired = [&] {
    const auto& phases = attempt.observer.phases;
    return !phases.empty() && phases.back().phase == "head" ? RunSignal::kStop : RunSignal::kRun;
  };
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), 0.8);
}

TEST_F(TrainerStopTest, WithoutRoomForCheckpointsARunGoesOnAndSaysSoOnce) {
  MemoryCheckpoints checkpoints;
  checkpoints.refuse = absl::ResourceExhaustedError("the disk is full");
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.checkpoints = &checkpoints;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(attempt.observer.checkpoints, IsEmpty());
  EXPECT_EQ(std::count(attempt.observer.warnings.begin(), attempt.observer.warnings.end(),
                       "CHECKPOINT_LEFT_OUT"),
            1);
  checkpoints.refuse = absl::InternalError("a broken disk");
  Attempt broken;
  broken.config = attempt.config;
  broken.checkpoints = &checkpoints;
  EXPECT_TRUE(absl::IsInternal(broken.Run()));
}

}  // namespace
}  // namespace graft::training
