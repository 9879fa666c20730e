#include "core/training/data/data_warnings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::training {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

data::DatasetManifest Manifest(const std::vector<std::string>& digests) {
  data::DatasetManifest manifest;
  for (size_t i = 0; i < digests.size(); ++i) {
    data::DatasetEntry& entry = manifest.entries.emplace_back();
    entry.name = "picture" + std::to_string(i);
    entry.sha256 = digests[i];
  }
  return manifest;
}

TEST(DataWarningsTest, SoundPartsGiveNone) {
  TrainingData data;
  data.train = {0, 1};
  data.validation = {2};
  const PartsSummary parts = SummariseParts(Manifest({"a", "b", "c"}), data);
  EXPECT_EQ(parts.validation_examples, 1);
  EXPECT_THAT(PartsWarnings(parts), IsEmpty());
}

TEST(DataWarningsTest, NothingHeldOutIsSaid) {
  TrainingData data;
  data.train = {0, 1};
  const auto warnings = PartsWarnings(SummariseParts(Manifest({"a", "b"}), data));
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0].code, "NO_VALIDATION");
}

TEST(DataWarningsTest, HeldOutPicturesThatAreTrainedOnAreCountedAndOneIsNamed) {
  TrainingData data;
  data.train = {0, 1};
  data.validation = {2, 3};
  data.test = {4};
  const auto warnings = PartsWarnings(SummariseParts(Manifest({"a", "b", "c", "a", "b"}), data));
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0].code, "DUPLICATES_ACROSS_SPLIT");
  EXPECT_THAT(warnings[0].message, HasSubstr("2 held-out images"));
  EXPECT_THAT(warnings[0].message, HasSubstr("picture3"));
}

}  // namespace
}  // namespace graft::training
