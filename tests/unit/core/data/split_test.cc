#include "core/data/split.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/data/manifest_builder.h"

namespace graft::data {
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

// 200 images of ten labels from common to rare, each with up to three of them.
DatasetManifest ManyLabels() {
  DatasetManifest manifest;
  manifest.targets = TargetKind::kLabels;
  for (int l = 0; l < 10; ++l) manifest.classes.push_back(absl::StrCat("label", l));
  AddEntries(manifest, 0, 200);
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    for (int l = 0; l < 10; ++l) {
      if (i % (static_cast<size_t>(l) * 3 + 2) == 0) manifest.entries[i].labels.push_back(l);
    }
  }
  return manifest;
}

std::vector<int> CountByLabel(const DatasetManifest& manifest, const std::vector<int>& part) {
  std::vector<int> counts(manifest.classes.size(), 0);
  for (const int index : part) {
    for (const int label : manifest.entries[index].labels) ++counts[label];
  }
  return counts;
}

TEST(SplitLabelsTest, EachLabelHasItsShareInEachPart) {
  const DatasetManifest manifest = ManyLabels();
  const DatasetSplits splits =
      SplitDataset(manifest, {.validation_fraction = 0.2, .test_fraction = 0.1}).value();
  ExpectPartition(manifest, splits);
  EXPECT_NEAR(static_cast<double>(splits.validation.size()), 40, 3);
  EXPECT_NEAR(static_cast<double>(splits.test.size()), 20, 3);
  for (int l = 0; l < 10; ++l) {
    const auto all = static_cast<double>(manifest.CountOf(l));
    EXPECT_NEAR(CountByLabel(manifest, splits.validation)[l], std::max(1.0, 0.2 * all), 1.5) << l;
    EXPECT_NEAR(CountByLabel(manifest, splits.test)[l], std::max(1.0, 0.1 * all), 1.5) << l;
    EXPECT_GE(CountByLabel(manifest, splits.train)[l], 1);
  }
  EXPECT_THAT(splits.warnings, IsEmpty());
}

TEST(SplitLabelsTest, FollowTheSeedAlone) {
  const DatasetManifest manifest = ManyLabels();
  EXPECT_EQ(SplitDataset(manifest, {.seed = 7})->train, SplitDataset(manifest, {.seed = 7})->train);
  EXPECT_NE(SplitDataset(manifest, {.seed = 7})->train, SplitDataset(manifest, {.seed = 8})->train);
}

TEST(SplitLabelsTest, ALabelOfOneImageIsTrainedOn) {
  DatasetManifest manifest = ManyLabels();
  manifest.classes.push_back("rare");
  manifest.entries[13].labels = {10};
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const DatasetSplits splits =
        SplitDataset(manifest, {.validation_fraction = 0.8, .seed = seed}).value();
    EXPECT_THAT(splits.train, testing::Contains(13));
    EXPECT_THAT(splits.warnings, ElementsAre("class 'rare' has no validation image"));
  }
  manifest.classes.push_back("never");
  EXPECT_THAT(std::string(SplitDataset(manifest, {}).status().message()),
              HasSubstr("class 'never' has no image to train on"));
}

TEST(SplitLabelsTest, FoldsShareEachLabelOut) {
  const DatasetManifest manifest = ManyLabels();
  std::vector<int> held_out;
  for (int fold = 0; fold < 5; ++fold) {
    const DatasetSplits splits = SplitFold(manifest, 5, fold, 3).value();
    ExpectPartition(manifest, splits);
    EXPECT_NEAR(static_cast<double>(splits.validation.size()), 40, 3);
    for (int l = 0; l < 10; ++l) {
      EXPECT_NEAR(CountByLabel(manifest, splits.validation)[l],
                  static_cast<double>(manifest.CountOf(l)) / 5, 1.5);
    }
    held_out.insert(held_out.end(), splits.validation.begin(), splits.validation.end());
  }
  std::sort(held_out.begin(), held_out.end());
  EXPECT_EQ(std::adjacent_find(held_out.begin(), held_out.end()), held_out.end());
  EXPECT_EQ(held_out.size(), manifest.entries.size());
}

// Groups of 1 to 5 images of one class each.
DatasetManifest Grouped() {
  DatasetManifest manifest = ThreeClasses(60, 40, 20);
  int group = 0;
  for (size_t i = 0; i < manifest.entries.size(); ++group) {
    for (int n = 0; n <= group % 5 && i < manifest.entries.size(); ++n, ++i) {
      manifest.entries[i].group = absl::StrCat("group", group);
    }
  }
  return manifest;
}

void ExpectGroupsTogether(const DatasetManifest& manifest, const DatasetSplits& splits) {
  std::map<std::string, int> side;
  int part_number = 0;
  for (const auto* part : {&splits.train, &splits.validation, &splits.test}) {
    for (const int index : *part) {
      const std::string& group = manifest.entries[index].group;
      if (group.empty()) continue;
      EXPECT_EQ(side.emplace(group, part_number).first->second, part_number) << group;
    }
    ++part_number;
  }
}

TEST(SplitGroupsTest, AGroupStaysOnOneSideAndClassesKeepTheirShare) {
  const DatasetManifest manifest = Grouped();
  const DatasetSplits splits =
      SplitDataset(manifest, {.validation_fraction = 0.2, .test_fraction = 0.2}).value();
  ExpectPartition(manifest, splits);
  ExpectGroupsTogether(manifest, splits);
  for (const auto* part : {&splits.validation, &splits.test}) {
    const std::vector<int> counts = CountByClass(manifest, *part);
    EXPECT_NEAR(counts[0], 12, 4);
    EXPECT_NEAR(counts[1], 8, 4);
    EXPECT_NEAR(counts[2], 4, 3);
  }
  for (int fold = 0; fold < 4; ++fold) {
    const DatasetSplits folds = SplitFold(manifest, 4, fold, 1).value();
    ExpectPartition(manifest, folds);
    ExpectGroupsTogether(manifest, folds);
    EXPECT_NEAR(static_cast<double>(folds.validation.size()), 30, 6);
  }
}

TEST(SplitGroupsTest, AClassOfOneGroupIsTrainedOnButNotFolded) {
  DatasetManifest manifest = ThreeClasses(10, 10, 10);
  for (size_t i = 0; i < 10; ++i) manifest.entries[i].group = "all of a";
  const DatasetSplits splits = SplitDataset(manifest, {}).value();
  ExpectGroupsTogether(manifest, splits);
  EXPECT_THAT(CountByClass(manifest, splits.train)[0], 10);
  EXPECT_THAT(std::string(SplitFold(manifest, 2, 0, 0).status().message()),
              HasSubstr("class 'a' has one image, or images of one group alone"));
}

TEST(SplitGroupsTest, PartsOfTheDatasetAreRespected) {
  DatasetManifest manifest = Grouped();
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    if (manifest.entries[i].group == "group3") manifest.entries[i].split = Split::kValidation;
  }
  const DatasetSplits splits = SplitDataset(manifest, {.validation_fraction = 0.5}).value();
  ExpectPartition(manifest, splits);
  EXPECT_EQ(splits.validation.size(), 4u);
}

// Tenths of so few images would hold two each, and nothing could be held out of two.
TEST(SplitNumbersTest, OfFewImagesAPartIsHeldOutToo) {
  for (const size_t images : {10, 18, 25, 60}) {
    DatasetManifest manifest;
    manifest.classes = {"unused"};
    AddEntries(manifest, 0, static_cast<int>(images));
    manifest.classes.clear();
    manifest.targets = TargetKind::kNumbers;
    manifest.numbers = {"age"};
    for (size_t i = 0; i < images; ++i) manifest.entries[i].numbers = {static_cast<double>(i)};
    const DatasetSplits splits = SplitDataset(manifest, {.validation_fraction = 0.2}).value();
    ExpectPartition(manifest, splits);
    EXPECT_GE(splits.validation.size(), images / 10) << images;
    EXPECT_LE(splits.validation.size(), images / 4) << images;
  }
}

TEST(SplitNumbersTest, EachPartHasTheWholeRange) {
  DatasetManifest manifest;
  manifest.classes = {"unused"};
  AddEntries(manifest, 0, 100);
  manifest.classes.clear();
  manifest.targets = TargetKind::kNumbers;
  manifest.numbers = {"age"};
  for (size_t i = 0; i < 100; ++i) {
    manifest.entries[i].numbers = {static_cast<double>(i * i)};
  }
  const DatasetSplits splits = SplitDataset(manifest, {.validation_fraction = 0.2}).value();
  ExpectPartition(manifest, splits);
  std::vector<int> tenths(10, 0);
  for (const int index : splits.validation) ++tenths[index / 10];
  EXPECT_THAT(tenths, testing::Each(2));
  EXPECT_THAT(splits.warnings, IsEmpty());
  EXPECT_EQ(SplitFold(manifest, 5, 2, 0)->validation.size(), 20u);
  EXPECT_FALSE(SplitFold(manifest, 101, 2, 0).ok());
}

// The work must not grow with the square of labels.
TEST(SplitLabelsTest, AHundredThousandLabelsAreSplit) {
  DatasetManifest manifest;
  manifest.targets = TargetKind::kLabels;
  manifest.classes.assign(100'000, "x");
  for (int i = 0; i < 100'000; ++i) {
    DatasetEntry entry;
    entry.name = absl::StrCat(i);
    entry.sha256 = entry.name;
    entry.labels = {i, (i + 1) % 100'000};
    std::sort(entry.labels.begin(), entry.labels.end());
    manifest.entries.push_back(std::move(entry));
  }
  const DatasetSplits splits = SplitDataset(manifest, {}).value();
  ExpectPartition(manifest, splits);
  EXPECT_GT(splits.train.size(), 50'000u);
}

}  // namespace
}  // namespace graft::data
