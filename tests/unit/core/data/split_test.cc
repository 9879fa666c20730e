#include "core/data/split.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/data/manifest_builder.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DatasetManifest ThreeClasses(int first, int second, int third) {
  DatasetManifest manifest;
  manifest.classes = {"a", "b", "c"};
  AddEntries(manifest, 0, first);
  AddEntries(manifest, 1, second);
  AddEntries(manifest, 2, third);
  return manifest;
}

std::vector<int> CountByClass(const DatasetManifest& manifest, const std::vector<int>& part) {
  std::vector<int> counts(manifest.classes.size(), 0);
  for (const int index : part) ++counts[manifest.entries[index].class_index];
  return counts;
}

void ExpectPartition(const DatasetManifest& manifest, const DatasetSplits& splits) {
  std::vector<int> all;
  for (const auto* part : {&splits.train, &splits.validation, &splits.test}) {
    EXPECT_TRUE(std::is_sorted(part->begin(), part->end()));
    all.insert(all.end(), part->begin(), part->end());
  }
  std::sort(all.begin(), all.end());
  std::vector<int> expected(manifest.entries.size());
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(SplitTest, TakesTheSameShareOfEachClass) {
  const DatasetManifest manifest = ThreeClasses(100, 50, 10);
  const DatasetSplits splits =
      SplitDataset(manifest, {.validation_fraction = 0.2, .test_fraction = 0.1}).value();
  ExpectPartition(manifest, splits);
  EXPECT_THAT(CountByClass(manifest, splits.validation), ElementsAre(20, 10, 2));
  EXPECT_THAT(CountByClass(manifest, splits.test), ElementsAre(10, 5, 1));
  EXPECT_THAT(splits.warnings, IsEmpty());
}

TEST(SplitTest, FollowsTheSeedAlone) {
  const DatasetManifest manifest = ThreeClasses(40, 40, 40);
  const DatasetSplits one = SplitDataset(manifest, {.seed = 7}).value();
  EXPECT_EQ(SplitDataset(manifest, {.seed = 7})->validation, one.validation);
  EXPECT_NE(SplitDataset(manifest, {.seed = 8})->validation, one.validation);
}

TEST(SplitTest, DoesNotTakeTheFirstImagesOrTheLast) {
  DatasetManifest manifest;
  manifest.classes = {"a"};
  AddEntries(manifest, 0, 100);
  const DatasetSplits splits = SplitDataset(manifest, {}).value();
  EXPECT_LT(splits.validation.front(), 50);
  EXPECT_GT(splits.validation.back(), 50);
}

TEST(SplitTest, EveryClassKeepsOneImageToTrainOnAndGivesOneWhereItCan) {
  const DatasetManifest manifest = ThreeClasses(1, 2, 3);
  const DatasetSplits splits =
      SplitDataset(manifest, {.validation_fraction = 0.1, .test_fraction = 0.1}).value();
  ExpectPartition(manifest, splits);
  EXPECT_THAT(CountByClass(manifest, splits.train), ElementsAre(1, 1, 1));
  EXPECT_THAT(CountByClass(manifest, splits.validation), ElementsAre(0, 1, 1));
  EXPECT_THAT(CountByClass(manifest, splits.test), ElementsAre(0, 0, 1));
  EXPECT_THAT(splits.warnings, ElementsAre("class 'a' has no validation image"));
}

TEST(SplitTest, LargeFractionsStillLeaveOneToTrainOn) {
  const DatasetManifest manifest = ThreeClasses(5, 5, 5);
  const DatasetSplits splits =
      SplitDataset(manifest, {.validation_fraction = 0.9, .test_fraction = 0.05}).value();
  ExpectPartition(manifest, splits);
  EXPECT_THAT(CountByClass(manifest, splits.train), ElementsAre(1, 1, 1));
}

TEST(SplitTest, FractionZeroDrawsNothing) {
  const DatasetSplits splits =
      SplitDataset(ThreeClasses(5, 5, 5), {.validation_fraction = 0}).value();
  EXPECT_EQ(splits.train.size(), 15u);
  EXPECT_THAT(splits.warnings, IsEmpty());
}

TEST(SplitTest, FoldersAreRespected) {
  DatasetManifest manifest;
  manifest.classes = {"a", "b"};
  AddEntries(manifest, 0, 10, Split::kTrain);
  AddEntries(manifest, 1, 10, Split::kTrain);
  AddEntries(manifest, 0, 3, Split::kValidation);
  AddEntries(manifest, 1, 1, Split::kValidation);
  const DatasetSplits splits =
      SplitDataset(manifest, {.validation_fraction = 0.5, .test_fraction = 0.2}).value();
  ExpectPartition(manifest, splits);
  EXPECT_THAT(splits.validation, ElementsAre(20, 21, 22, 23));  // the folder, and nothing else
  EXPECT_THAT(CountByClass(manifest, splits.test), ElementsAre(2, 2));  // no folder: drawn
}

TEST(SplitTest, AClassMissingInTheValidationFolderIsWarnedOf) {
  DatasetManifest manifest;
  manifest.classes = {"a", "b"};
  AddEntries(manifest, 0, 5, Split::kTrain);
  AddEntries(manifest, 1, 5, Split::kTrain);
  AddEntries(manifest, 0, 3, Split::kValidation);
  EXPECT_THAT(SplitDataset(manifest, {})->warnings,
              ElementsAre("class 'b' has no validation image"));
}

TEST(SplitTest, AClassWithNothingToTrainOnIsRefused) {
  DatasetManifest manifest;
  manifest.classes = {"a", "b"};
  AddEntries(manifest, 0, 5, Split::kTrain);
  AddEntries(manifest, 1, 5, Split::kTest);
  const absl::Status status = SplitDataset(manifest, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("class 'b' has no image to train on"));
}

TEST(SplitTest, FractionsThatMakeNoSenseAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const DatasetManifest manifest = ThreeClasses(5, 5, 5);
  for (const auto& [validation, test] : std::vector<std::pair<double, double>>{
           {-0.1, 0}, {0.95, 0}, {0, 0.95}, {0.5, 0.5}, {nan, 0}, {0, nan}}) {
    EXPECT_EQ(SplitDataset(manifest, {.validation_fraction = validation, .test_fraction = test})
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << validation << " " << test;
  }
}

TEST(SplitTest, APictureThatIsTrainedOnAndHeldOutIsWarnedOf) {
  DatasetManifest manifest;
  manifest.classes = {"a", "b"};
  AddEntries(manifest, 0, 3, Split::kTrain);
  AddEntries(manifest, 1, 3, Split::kTrain);
  AddEntries(manifest, 0, 1, Split::kValidation);
  AddEntries(manifest, 1, 1, Split::kValidation);
  AddEntries(manifest, 1, 1, Split::kTest);
  manifest.entries[6].sha256 = manifest.entries[0].sha256;
  manifest.entries[8].sha256 = manifest.entries[4].sha256;
  EXPECT_THAT(
      SplitDataset(manifest, {})->warnings,
      ElementsAre("the same picture is trained on (a/train0.jpg) and held out (a/validation0.jpg)",
                  "the same picture is trained on (b/train1.jpg) and held out (b/test0.jpg)"));
}

TEST(SplitTest, WarningsOfLeaksAreBounded) {
  DatasetManifest manifest = ThreeClasses(100, 100, 100);
  for (DatasetEntry& entry : manifest.entries) entry.sha256 = Sha256Hex("one picture");
  EXPECT_EQ(SplitDataset(manifest, {})->warnings.size(), 20u);
}

TEST(SplitTest, WarningsOfEmptyClassesAreBounded) {
  DatasetManifest manifest;
  for (int c = 0; c < 10'000; ++c) manifest.classes.push_back(std::string(255, 'n'));
  for (int c = 0; c < 10'000; ++c) AddEntries(manifest, c, 1, Split::kTrain);
  AddEntries(manifest, 0, 1, Split::kValidation);
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    manifest.entries[i].sha256 = Sha256Hex(std::to_string(i));
  }
  const std::vector<std::string> warnings = SplitDataset(manifest, {})->warnings;
  ASSERT_EQ(warnings.size(), 11u);
  for (const std::string& warning : warnings) EXPECT_LT(warning.size(), 200u);
  EXPECT_EQ(warnings.back(), "9989 more classes have no validation image");
}

TEST(SplitFoldTest, AClassOfOneImageIsRefused) {
  const absl::Status status = SplitFold(ThreeClasses(5, 1, 5), 5, 0, 0).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("class 'b' has one image"));
  EXPECT_TRUE(SplitFold(ThreeClasses(2, 2, 2), 2, 0, 0).ok());
}

TEST(SplitFoldTest, FoldsPartitionTheImagesClassByClass) {
  const DatasetManifest manifest = ThreeClasses(25, 10, 12);
  std::vector<int> held_out;
  for (int fold = 0; fold < 5; ++fold) {
    const DatasetSplits splits = SplitFold(manifest, 5, fold, 3).value();
    ExpectPartition(manifest, splits);
    EXPECT_THAT(splits.test, IsEmpty());
    const std::vector<int> counts = CountByClass(manifest, splits.validation);
    EXPECT_EQ(counts[0], 5);
    EXPECT_EQ(counts[1], 2);
    EXPECT_THAT(counts[2], testing::AnyOf(2, 3));
    EXPECT_THAT(splits.validation.size(), testing::AnyOf(9u, 10u));
    held_out.insert(held_out.end(), splits.validation.begin(), splits.validation.end());
  }
  std::sort(held_out.begin(), held_out.end());
  std::vector<int> all(manifest.entries.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(held_out, all);  // each image exactly once
}

TEST(SplitFoldTest, FollowsTheSeed) {
  const DatasetManifest manifest = ThreeClasses(30, 30, 30);
  EXPECT_EQ(SplitFold(manifest, 3, 1, 5)->train, SplitFold(manifest, 3, 1, 5)->train);
  EXPECT_NE(SplitFold(manifest, 3, 1, 5)->train, SplitFold(manifest, 3, 1, 6)->train);
}

TEST(SplitFoldTest, FoldsThatDoNotExistAreRefused) {
  const DatasetManifest manifest = ThreeClasses(5, 5, 5);
  for (const auto& [folds, fold] :
       std::vector<std::pair<int, int>>{{1, 0}, {0, 0}, {-3, 0}, {5, 5}, {5, -1}}) {
    EXPECT_EQ(SplitFold(manifest, folds, fold, 0).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace graft
