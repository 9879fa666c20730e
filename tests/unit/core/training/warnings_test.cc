#include "core/training/warnings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Codes(const std::vector<TrainingWarning>& warnings) {
  std::vector<std::string> codes;
  for (const TrainingWarning& warning : warnings) codes.push_back(warning.code);
  return codes;
}

DataSummary Balanced() { return {{"ant", "bee"}, {50, 60}, 20, 0, "", {}}; }

EpochMetrics Epoch(double train, double validation) {
  EpochMetrics metrics;
  metrics.train_loss = train;
  metrics.validation_loss = validation;
  return metrics;
}

TEST(WarningsTest, SoundDataGivesNone) { EXPECT_THAT(DataWarnings(Balanced(), false), IsEmpty()); }

TEST(WarningsTest, ImbalanceNamesBothClassesAndAdvisesWeightsOnlyWhereTheyAreOff) {
  DataSummary data = Balanced();
  data.train_images = {100, 10};
  const auto warnings = DataWarnings(data, false);
  ASSERT_THAT(Codes(warnings), ElementsAre("CLASS_IMBALANCE"));
  EXPECT_THAT(warnings[0].message, HasSubstr("\"ant\" has 100"));
  EXPECT_THAT(warnings[0].message, HasSubstr("\"bee\" has 10"));
  EXPECT_THAT(warnings[0].advice, HasSubstr("BALANCED"));
  EXPECT_THAT(DataWarnings(data, true)[0].advice, HasSubstr("already"));
  data.train_images = {99, 10};
  EXPECT_THAT(DataWarnings(data, false), IsEmpty());
}

TEST(WarningsTest, FewImagesAndEmptyClassesAreNamed) {
  DataSummary data = Balanced();
  data.train_images = {12, 9};
  EXPECT_THAT(Codes(DataWarnings(data, false)), ElementsAre("TOO_FEW_IMAGES"));
  data.train_images = {12, 0};
  EXPECT_THAT(Codes(DataWarnings(data, false)), ElementsAre("EMPTY_CLASS"));
}

TEST(WarningsTest, NoValidationAndDuplicatesAreSaid) {
  DataSummary data = Balanced();
  data.validation_images = 0;
  data.duplicates_across_parts = 3;
  data.duplicate_example = "bee/7.jpg";
  const auto warnings = DataWarnings(data, false);
  ASSERT_THAT(Codes(warnings), ElementsAre("NO_VALIDATION", "DUPLICATES_ACROSS_SPLIT"));
  EXPECT_THAT(warnings[1].message, HasSubstr("bee/7.jpg"));
}

TEST(WarningsTest, ClassesWithoutValidationImagesAreSaid) {
  DataSummary data = Balanced();
  data.classes_without_validation = {"bee", "cat", "dog"};
  const auto warnings = DataWarnings(data, false);
  ASSERT_THAT(Codes(warnings), ElementsAre("CLASS_WITHOUT_VALIDATION"));
  EXPECT_THAT(warnings[0].message, HasSubstr("\"bee\" and 2 more"));
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
}  // namespace graft
