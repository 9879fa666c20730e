#include "core/data/image_folder.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Names = std::vector<std::string>;

constexpr int kManyClasses = 10'000;

FolderLayout LayOut(const Names& images, const Names& folders = {}) {
  absl::StatusOr<FolderLayout> layout = LayOutImageFolder(images, folders, kManyClasses);
  EXPECT_TRUE(layout.ok()) << layout.status();
  return layout.ok() ? *std::move(layout) : FolderLayout();
}

std::vector<int> Classes(const FolderLayout& layout) {
  std::vector<int> classes;
  for (const FolderLabel& label : layout.labels) classes.push_back(label.class_index);
  return classes;
}

std::vector<Split> Splits(const FolderLayout& layout) {
  std::vector<Split> splits;
  for (const FolderLabel& label : layout.labels) splits.push_back(label.split);
  return splits;
}

TEST(ImageFolderTest, FoldersAreClassesInSortedOrder) {
  const FolderLayout layout = LayOut({"dogs/1.jpg", "cats/1.jpg", "dogs/2.jpg"}, {"dogs", "cats"});
  EXPECT_THAT(layout.classes, ElementsAre("cats", "dogs"));
  EXPECT_THAT(Classes(layout), ElementsAre(1, 0, 1));
  EXPECT_THAT(Splits(layout), testing::Each(Split::kUnassigned));
  EXPECT_THAT(layout.warnings, IsEmpty());
}

TEST(ImageFolderTest, PartsAreKnownByTheirUsualNames) {
  const FolderLayout layout =
      LayOut({"train/a/1.jpg", "Training/b/1.jpg", "val/a/1.jpg", "VALID/a/2.jpg",
              "validation/a/3.jpg", "test/a/1.jpg", "testing/b/2.jpg"});
  EXPECT_THAT(layout.classes, ElementsAre("a", "b"));
  EXPECT_THAT(Classes(layout), ElementsAre(0, 1, 0, 0, 0, 0, 1));
  EXPECT_THAT(Splits(layout),
              ElementsAre(Split::kTrain, Split::kTrain, Split::kValidation, Split::kValidation,
                          Split::kValidation, Split::kTest, Split::kTest));
}

TEST(ImageFolderTest, SharedFoldersAroundItAreTakenOff) {
  EXPECT_THAT(
      LayOut({"photos/2026/a/1.jpg", "photos/2026/b/1.jpg"}, {"photos", "photos/2026"}).classes,
      ElementsAre("a", "b"));
  const FolderLayout parts = LayOut({"photos/train/a/1.jpg", "photos/train/b/1.jpg"});
  EXPECT_THAT(parts.classes, ElementsAre("a", "b"));
  EXPECT_THAT(Splits(parts), testing::Each(Split::kTrain));
}

TEST(ImageFolderTest, FoldersBelowAClassBelongToIt) {
  const FolderLayout layout = LayOut({"a/x/1.jpg", "a/2.jpg", "b/y/z/1.jpg"}, {"a/x", "b/empty"});
  EXPECT_THAT(layout.classes, ElementsAre("a", "b"));
  EXPECT_THAT(Classes(layout), ElementsAre(0, 0, 1));
  EXPECT_THAT(layout.warnings, ElementsAre(HasSubstr("folders of their own")));
}

TEST(ImageFolderTest, FoldersBelowClassesMayBeOfAnyNameWhereOneClassHasImagesOfItsOwn) {
  EXPECT_THAT(LayOut({"a/2026/1.jpg", "b/2026/1.jpg", "b/1.jpg"}).classes, ElementsAre("a", "b"));
  EXPECT_THAT(LayOut({"a/x/1.jpg", "b/y/1.jpg"}).classes, ElementsAre("a", "b"));
}

TEST(ImageFolderTest, DeepNamesAreLaidOut) {
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += "d/";
  const FolderLayout layout = LayOut({deep + "a/1.jpg", deep + "b/1.jpg"});
  EXPECT_THAT(layout.classes, ElementsAre("a", "b"));
  EXPECT_THAT(Classes(layout), ElementsAre(0, 1));
}

TEST(ImageFolderTest, AnEmptyPartIsNoEmptyClass) {
  EXPECT_THAT(LayOut({"a/1.jpg", "b/1.jpg"}, {"a", "b", "test"}).classes, ElementsAre("a", "b"));
  EXPECT_THAT(LayOut({"train/a/1.jpg", "train/b/1.jpg"}, {"train", "test", "test/a"}).classes,
              ElementsAre("a", "b"));
}

TEST(ImageFolderTest, AClassMayBeNamedLikeAPart) {
  EXPECT_THAT(LayOut({"pass/1.jpg", "test/1.jpg"}).classes, ElementsAre("pass", "test"));
}

TEST(ImageFolderTest, AClassNamedLikeAPartMayStandBesideOthers) {
  EXPECT_THAT(LayOut({"train/1.jpg", "bus/1.jpg"}).classes, ElementsAre("bus", "train"));
  EXPECT_THAT(LayOut({"steam_train/1.jpg", "freight_train/1.jpg"}).classes,
              ElementsAre("freight_train", "steam_train"));
  EXPECT_THAT(LayOut({"test_positive/1.jpg", "test_negative/1.jpg"}).classes,
              ElementsAre("test_negative", "test_positive"));
}

// As Kaggle's archives come.
TEST(ImageFolderTest, PartsAreSeenThroughWhatElseIsInTheirNames) {
  const FolderLayout layout = LayOut(
      {"data/seg_train/seg_train/sea/1.jpg", "data/seg_train/seg_train/forest/1.jpg",
       "data/seg_test/seg_test/sea/2.jpg"},
      {"data", "data/seg_train", "data/seg_train/seg_train", "data/seg_train/seg_train/sea"});
  EXPECT_THAT(layout.classes, ElementsAre("forest", "sea"));
  EXPECT_THAT(Splits(layout), ElementsAre(Split::kTrain, Split::kTrain, Split::kTest));
  EXPECT_THAT(Splits(LayOut({"Training Set/a/1.jpg", "Training Set/b/1.jpg", "test-set/a/1.jpg"})),
              ElementsAre(Split::kTrain, Split::kTrain, Split::kTest));
  EXPECT_THAT(LayOut({"train/train/a/1.jpg", "train/train/b/1.jpg", "val/val/a/1.jpg"}).classes,
              ElementsAre("a", "b"));
}

TEST(ImageFolderTest, FoldersBesideThePartsOrTheClassesAreNoEmptyClasses) {
  EXPECT_THAT(
      LayOut({"x/train/a/1.jpg", "x/train/b/1.jpg"}, {"x/docs", "x/docs/more", "y/a"}).classes,
      ElementsAre("a", "b"));
  EXPECT_THAT(LayOut({"photos/a/1.jpg", "photos/b/1.jpg"}, {"docs/more"}).classes,
              ElementsAre("a", "b"));
}

TEST(ImageFolderTest, MaxClassesIsAllowed) {
  EXPECT_TRUE(LayOutImageFolder({"a/1", "b/1", "c/1"}, {}, 3).ok());
}

struct BadFolder {
  const char* title;
  Names images;
  Names folders;
  const char* message;
  int max_classes = kManyClasses;
};

void PrintTo(const BadFolder& bad, std::ostream* out) { *out << bad.title; }

class BadFolderTest : public testing::TestWithParam<BadFolder> {};

TEST_P(BadFolderTest, IsRefusedWithAdvice) {
  const BadFolder& bad = GetParam();
  const absl::StatusOr<FolderLayout> layout =
      LayOutImageFolder(bad.images, bad.folders, bad.max_classes);
  EXPECT_EQ(layout.status().code(), absl::StatusCode::kInvalidArgument) << layout.status();
  EXPECT_THAT(std::string(layout.status().message()), HasSubstr(bad.message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFolderTest,
    testing::Values(
        BadFolder{"NoImages", {}, {"cats"}, "no images: put the photographs into one folder"},
        BadFolder{"AtTheRoot", {"1.jpg", "2.jpg"}, {}, "'1.jpg' is in no class folder"},
        BadFolder{
            "OneAtTheRoot", {"a/1.jpg", "b/1.jpg", "x.jpg"}, {}, "'x.jpg' is in no class folder"},
        BadFolder{"OneClass", {"a/1.jpg", "a/2.jpg"}, {}, "only one class, 'a'"},
        BadFolder{
            "OneClassBelowARoot", {"photos/a/1.jpg", "photos/a/2.jpg"}, {}, "only one class, 'a'"},
        BadFolder{"EmptyClass", {"a/1.jpg", "b/1.jpg"}, {"c"}, "class folder 'c' has no images"},
        BadFolder{"EmptyClassBelowARoot",
                  {"photos/a/1.jpg", "photos/b/1.jpg"},
                  {"photos", "photos/c"},
                  "class folder 'photos/c' has no images"},
        BadFolder{"EmptyClassOfTheParts",
                  {"train/a/1.jpg", "train/b/1.jpg"},
                  {"train/c"},
                  "class folder 'train/c' has no images"},
        BadFolder{"EmptyClassWithFoldersOfItsOwn",
                  {"a/1.jpg", "b/1.jpg"},
                  {"c/x/y"},
                  "class folder 'c' has no images"},
        BadFolder{"TwoRoots",
                  {"photos1/cats/1.jpg", "photos1/dogs/1.jpg", "photos2/cats/2.jpg",
                   "photos2/dogs/2.jpg"},
                  {},
                  "folders 'photos1' and 'photos2' both have a folder 'cats'"},
        BadFolder{"TwoRootsOfParts",
                  {"a/train/cats/1.jpg", "a/train/dogs/1.jpg", "b/val/cats/1.jpg"},
                  {},
                  "'a/train' is named like a part of a dataset but is in the folder of class 'a'"},
        BadFolder{"TwoRootsInAPart",
                  {"train/x/a/1.jpg", "train/x/b/1.jpg", "train/y/a/2.jpg"},
                  {},
                  "folders 'x' and 'y' both have a folder 'a'"},
        BadFolder{"ClassesThatDifferInCaseOnly",
                  {"Cats/1.jpg", "cats/2.jpg", "dogs/1.jpg"},
                  {},
                  "class folders 'Cats' and 'cats' differ in case only"},
        BadFolder{"ClassesOfPartsThatDifferInCaseOnly",
                  {"train/Cats/1.jpg", "train/dogs/1.jpg", "val/cats/2.jpg"},
                  {},
                  "class folders 'Cats' and 'cats' differ in case only"},
        BadFolder{"ClassesThatDifferInCaseBeyondAscii",
                  {"\xC3\x84pfel/1.jpg", "\xC3\xA4pfel/2.jpg"},
                  {},
                  "differ in case, accents, blanks or invisible characters only"},
        BadFolder{"ClassesThatDifferInADotAtTheEnd",
                  {"cats/1.jpg", "cats./2.jpg"},
                  {},
                  "class folders 'cats' and 'cats.' differ in dots or blanks at an end only"},
        BadFolder{"ClassesThatDifferInTheWidthOfTheirLetters",
                  {"cat/1.jpg", "\xEF\xBD\x83\xEF\xBD\x81\xEF\xBD\x94/2.jpg"},
                  {},
                  "differ in case, accents, blanks or invisible characters only"},
        BadFolder{"AClassOfWhichNothingCanBeSeen",
                  {"cats/1.jpg", " \xE2\x80\x8B/2.jpg"},
                  {},
                  "nothing can be seen of the name"},
        BadFolder{"ClassesThatDifferInABlank",
                  {"cats/1.jpg", "cats /2.jpg"},
                  {},
                  "class folders 'cats' and 'cats ' differ in blanks at an end only"},
        BadFolder{"PartsWithoutClasses",
                  {"train/cat.0.jpg", "train/dog.0.jpg", "test1/1.jpg"},
                  {},
                  "'test1', 'train' are named like parts of a dataset, not like classes, and "
                  "'train/cat.0.jpg' is in no class folder of a part: where are the classes?"},
        BadFolder{"PartsOfWhichOneHasNoClasses",
                  {"seg_train/seg_train/sea/1.jpg", "seg_train/seg_train/ice/1.jpg",
                   "seg_pred/seg_pred/1.jpg"},
                  {},
                  "'seg_pred/seg_pred/1.jpg' is in no class folder of a part"},
        BadFolder{"TrainAndValOfPicturesAlone",
                  {"data/train/1.jpg", "data/val/2.jpg"},
                  {},
                  "where are the classes?"},
        BadFolder{"AStrayBesideTheClasses",
                  {"photos/cats/1.jpg", "photos/cover.jpg", "photos/dogs/1.jpg"},
                  {},
                  "'photos/cover.jpg' lies beside the class folders 'photos/cats' and "
                  "'photos/dogs'"},
        BadFolder{"StraysBesideTheClasses",
                  {"p/a/1.jpg", "p/b/1.jpg", "p/c/1.jpg", "p/x.jpg", "p/y.jpg"},
                  {},
                  "'p/x.jpg' and 1 more images lie beside the class folders 'p/a' and 'p/b' and 1 "
                  "more"},
        BadFolder{"OnlyInValidation",
                  {"train/a/1.jpg", "train/b/1.jpg", "val/c/1.jpg"},
                  {},
                  "class 'c' has no images in the train folder"},
        BadFolder{"TooManyClasses", {"a/1", "b/1", "c/1"}, {}, "3 classes; at most 2", 2},
        BadFolder{"UnlabelledTestImages",
                  {"train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"},
                  {},
                  "'test/1.jpg'"},
        BadFolder{"AFolderBesideTheParts",
                  {"train/a/1.jpg", "train/b/1.jpg", "more/a/2.jpg"},
                  {},
                  "'more/a/2.jpg'"}),
    [](const testing::TestParamInfo<BadFolder>& bad) { return bad.param.title; });

}  // namespace
}  // namespace graft::data
