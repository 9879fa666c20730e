#include "core/tasks/classification/data_warnings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Codes(const std::vector<TrainingWarning>& warnings) {
  std::vector<std::string> codes;
  for (const TrainingWarning& warning : warnings) codes.push_back(warning.code);
  return codes;
}

ClassCounts Sound() { return {{"ant", "bee"}, {50, 60}, {10, 10}}; }

TEST(ClassWarningsTest, SoundDataGivesNone) {
  EXPECT_THAT(ClassWarnings(Sound(), false), IsEmpty());
}

TEST(ClassWarningsTest, ImbalanceNamesBothClassesAndAdvisesWeightsOnlyWhereTheyAreOff) {
  ClassCounts data = Sound();
  data.train_images = {100, 10};
  const auto warnings = ClassWarnings(data, false);
  ASSERT_THAT(Codes(warnings), ElementsAre("CLASS_IMBALANCE"));
  EXPECT_THAT(warnings[0].message, HasSubstr("\"ant\" has 100"));
  EXPECT_THAT(warnings[0].message, HasSubstr("\"bee\" has 10"));
  EXPECT_THAT(warnings[0].advice, HasSubstr("BALANCED"));
  EXPECT_THAT(ClassWarnings(data, true)[0].advice, HasSubstr("already"));
  data.train_images = {99, 10};
  EXPECT_THAT(ClassWarnings(data, false), IsEmpty());
}

TEST(ClassWarningsTest, FewImagesAndEmptyClassesAreNamed) {
  ClassCounts data = Sound();
  data.train_images = {12, 9};
  EXPECT_THAT(Codes(ClassWarnings(data, false)), ElementsAre("TOO_FEW_IMAGES"));
  data.train_images = {12, 0};
  EXPECT_THAT(Codes(ClassWarnings(data, false)), ElementsAre("EMPTY_CLASS"));
}

TEST(ClassWarningsTest, ClassesWithoutValidationImagesAreSaid) {
  ClassCounts data{{"ant", "bee", "cat", "dog"}, {50, 60, 50, 50}, {10, 0, 0, 0}};
  const auto warnings = ClassWarnings(data, false);
  ASSERT_THAT(Codes(warnings), ElementsAre("CLASS_WITHOUT_VALIDATION"));
  EXPECT_THAT(warnings[0].message, HasSubstr("\"bee\" and 2 more"));
  data.validation_images.clear();
  EXPECT_THAT(ClassWarnings(data, false), IsEmpty()) << "nothing is held out at all";
}

}  // namespace
}  // namespace graft::tasks
