#include "wire/tasks/classification.h"

#include <numeric>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "core/tasks/classification/decoder.h"
#include "wire/status.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::ConfusionCell Cell(int true_class, int predicted_class, int64_t images) {
  v1::ConfusionCell cell;
  cell.set_true_class(true_class);
  cell.set_predicted_class(predicted_class);
  cell.set_images(images);
  return cell;
}

int64_t ImagesIn(const v1::ConfusionMatrix& matrix) {
  int64_t images = 0;
  for (const v1::ConfusionCell& cell : matrix.cells()) images += cell.images();
  return images;
}

TEST(ConfusionTest, HasOnlyWhatIsNotZero) {
  const std::vector<int64_t> dense = {3, 0, 1, 0, 4, 0, 0, 0, 0};
  const v1::ConfusionMatrix matrix = CappedConfusion(dense, 3);
  ASSERT_EQ(matrix.cells_size(), 3);
  EXPECT_EQ(matrix.cells(1).true_class(), 0);
  EXPECT_EQ(matrix.cells(1).predicted_class(), 2);
  EXPECT_EQ(matrix.cells(1).images(), 1);
  EXPECT_EQ(matrix.left_out_images(), 0);
}

TEST(ConfusionTest, IsWholeUpTo128Classes) {
  const std::vector<int64_t> dense(128 * 128, 2);
  const v1::ConfusionMatrix matrix = CappedConfusion(dense, 128);
  EXPECT_EQ(matrix.cells_size(), 128 * 128);
  EXPECT_EQ(matrix.left_out_images(), 0);
}

TEST(ConfusionTest, OfMoreThePairsStayThatAreConfusedMost) {
  constexpr int kClasses = 200;
  std::vector<int64_t> dense(kClasses * kClasses);
  std::iota(dense.begin(), dense.end(), 1);  // all differ
  const int64_t images = std::accumulate(dense.begin(), dense.end(), int64_t{0});
  const v1::ConfusionMatrix matrix = CappedConfusion(dense, kClasses);
  ASSERT_EQ(matrix.cells_size(), static_cast<int>(kMaxConfusionCells));
  EXPECT_EQ(ImagesIn(matrix) + matrix.left_out_images(), images);
  // The counts grow with the place, so what stays is the end, in order and without its diagonal.
  std::vector<std::pair<int, int>> want;
  for (int place = kClasses * kClasses - 1; want.size() < kMaxConfusionCells; --place) {
    if (place / kClasses != place % kClasses) want.emplace_back(place / kClasses, place % kClasses);
  }
  std::reverse(want.begin(), want.end());
  for (size_t i = 0; i < want.size(); ++i) {
    const v1::ConfusionCell& cell = matrix.cells(static_cast<int>(i));
    ASSERT_EQ(std::pair(cell.true_class(), cell.predicted_class()), want[i]) << i;
  }
}

TEST(ConfusionTest, ADiagonalAloneIsLeftOutWhereItIsTooLong) {
  std::vector<v1::ConfusionCell> cells;
  for (int i = 0; i < 20'000; ++i) cells.push_back(Cell(i, i, 3));
  cells.push_back(Cell(19'999, 7, 1));
  const v1::ConfusionMatrix matrix = CappedConfusion(std::move(cells));
  ASSERT_EQ(matrix.cells_size(), 1);
  EXPECT_EQ(matrix.cells(0).predicted_class(), 7);
  EXPECT_EQ(matrix.left_out_images(), 60'000);
}

// 100,000 classes: what a Finish of such a job carries, and a row.
TEST(ClassificationWireTest, AReportOfAHundredThousandClassesIsOfAModestSize) {
  v1::ClassificationReport report;
  std::vector<v1::ConfusionCell> cells;
  for (int i = 0; i < 100'000; ++i) {
    v1::ClassScore* score = report.add_classes();
    score->set_class_name(absl::StrCat("a class of some name ", i));
    score->set_precision(0.123);
    score->set_recall(0.456);
    score->set_f1(0.789);
    score->set_images(10);
    for (int wrong = 0; wrong < 5; ++wrong) cells.push_back(Cell(i, (i + wrong) % 100'000, 2));
  }
  *report.mutable_confusion() = CappedConfusion(std::move(cells));
  EXPECT_LT(report.ByteSizeLong(), 8u << 20);
}

TEST(ClassificationWireTest, OptionsHaveADefaultAndAreChecked) {
  const auto top_k = [](const v1::PredictOptions& options) {
    return static_cast<const ClassificationDecodeOptions&>(
               **ClassificationWire().PredictOptions(options))
        .top_k();
  };
  v1::PredictOptions options;
  options.mutable_classification();
  EXPECT_EQ(top_k(options), 5);
  options.mutable_classification()->set_top_k(2);
  EXPECT_EQ(top_k(options), 2);
  options.mutable_classification()->set_top_k(-1);
  const auto fields = InvalidFieldsOf(ClassificationWire().PredictOptions(options).status());
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].field, "options.classification.top_k");
}

DatasetManifest Manifest() {
  DatasetManifest manifest;
  manifest.classes = {"cat", "dog", "owl"};
  const auto add = [&](int class_index, Split split, int times) {
    for (int i = 0; i < times; ++i) {
      DatasetEntry entry;
      entry.class_index = class_index;
      entry.split = split;
      manifest.entries.push_back(entry);
    }
  };
  add(0, Split::kTrain, 3);
  add(0, Split::kTest, 1);
  add(1, Split::kValidation, 2);
  return manifest;
}

TEST(ClassificationWireTest, ASummaryCountsByClassAndPart) {
  const TaskWire& wire = ClassificationWire();
  v1::DatasetSummary summary;
  ASSERT_TRUE(wire.Summarise(Manifest(), &summary));
  const auto& classes = summary.classification().classes();
  ASSERT_EQ(classes.size(), 3);
  EXPECT_EQ(classes[0].name(), "cat");
  EXPECT_EQ(classes[0].images(), 4);
  EXPECT_EQ(classes[0].train_images(), 3);
  EXPECT_EQ(classes[2].images(), 0);
  EXPECT_EQ(wire.Headline(summary), "3 classes");
  EXPECT_EQ(wire.OutputsOf(summary), 3);
  EXPECT_EQ(wire.HeldOutOf(summary).test_images, 1);
  EXPECT_EQ(wire.HeldOutOf(summary).validation_images, 2);
  EXPECT_TRUE(wire.CheckTrainable(summary).ok());
}

TEST(ClassificationWireTest, OneClassIsNothingToLearn) {
  DatasetManifest manifest = Manifest();
  manifest.entries.resize(3);  // cats alone
  v1::DatasetSummary summary;
  ASSERT_TRUE(ClassificationWire().Summarise(manifest, &summary));
  EXPECT_THAT(std::string(ClassificationWire().CheckTrainable(summary).message()),
              HasSubstr("1 class with images"));
}

}  // namespace
}  // namespace graft
