#include "core/training/loop/overfitting_watch.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::training {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Codes(const std::vector<tasks::TrainingWarning>& warnings) {
  std::vector<std::string> codes;
  for (const tasks::TrainingWarning& warning : warnings) codes.push_back(warning.code);
  return codes;
}

EpochMetrics Epoch(double train, double validation) {
  EpochMetrics metrics;
  metrics.train = {{tasks::kLossFigure, train}};
  metrics.validation = {{tasks::kLossFigure, validation}};
  return metrics;
}

TEST(OverfittingWatchTest, GoesOnFromWhatACheckpointKept) {
  OverfittingWatch watch;
  watch.Observe(Epoch(1.0, 1.0));
  watch.Observe(Epoch(0.5, 1.2));
  watch.Observe(Epoch(0.4, 1.3));
  OverfittingWatch restored(watch.state());
  EXPECT_THAT(Codes(restored.Observe(Epoch(0.3, 1.4))), ElementsAre("OVERFITTING"));
}

TEST(OverfittingWatchTest, WarnsOnceAfterThreeEpochsOfAWideningGap) {
  OverfittingWatch watch;
  EXPECT_THAT(watch.Observe(Epoch(1.0, 1.0)), IsEmpty());
  EXPECT_THAT(watch.Observe(Epoch(0.5, 1.2)), IsEmpty());
  EXPECT_THAT(watch.Observe(Epoch(0.4, 1.3)), IsEmpty());
  EXPECT_THAT(Codes(watch.Observe(Epoch(0.3, 1.4))), ElementsAre("OVERFITTING"));
  EXPECT_THAT(watch.Observe(Epoch(0.2, 1.5)), IsEmpty());
}

TEST(OverfittingWatchTest, NoiseAndASlowRiseOfBothLossesAreNoOverfitting) {
  OverfittingWatch watch;
  EXPECT_THAT(watch.Observe(Epoch(1.0, 1.0)), IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(watch.Observe(Epoch(0.9, 1.05)), IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(watch.Observe(Epoch(1.5, 1.5)), IsEmpty());
}

}  // namespace
}  // namespace graft::training
