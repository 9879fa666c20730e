#include "wire/tasks/classification.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "core/evaluation/confusion.h"
#include "core/tasks/classification/decoder.h"
#include "wire/status.h"
#include "wire/tasks/catalog.h"
#include "wire/worker_limits.h"

namespace graft::wire {
namespace {

using ::testing::HasSubstr;

TEST(CappedConfusionTest, HasTheCellsThatAreNotZeroAndCountsWhatIsLeftOut) {
  const std::vector<int64_t> dense = {3, 0, 1, 0, 4, 0, 0, 0, 0};
  const v1::ConfusionMatrix matrix = CappedConfusion(dense, 3);
  ASSERT_EQ(matrix.cells_size(), 3);
  EXPECT_EQ(matrix.cells(1).true_class(), 0);
  EXPECT_EQ(matrix.cells(1).predicted_class(), 2);
  EXPECT_EQ(matrix.cells(1).images(), 1);
  EXPECT_EQ(matrix.left_out_images(), 0);
  EXPECT_EQ(CappedConfusion(std::vector<int64_t>(129 * 129, 2), 129).left_out_images(),
            129 * 2 + 256);
}

// What a Finish of a job with the most classes carries, with the longest names.
TEST(ClassificationWireTest, AReportOfTheMostClassesFitsIntoAMessageToTheServer) {
  v1::ClassificationReport report;
  for (int i = 0; i < kMaxReportClasses; ++i) {
    v1::ClassScore* score = report.add_classes();
    score->set_class_name(std::string(255, 'n'));
    score->set_precision(0.123);
    score->set_recall(0.456);
    score->set_f1(0.789);
    score->set_images(1'000'000);
  }
  for (size_t i = 0; i < evaluation::kMaxReportCells; ++i) {
    v1::ConfusionCell* cell = report.mutable_confusion()->add_cells();
    cell->set_true_class(kMaxReportClasses);
    cell->set_predicted_class(kMaxReportClasses);
    cell->set_images(1'000'000);
  }
  EXPECT_LT(report.ByteSizeLong(), kMaxWorkerMessage / 2);
}

TEST(ClassificationWireTest, OptionsHaveADefaultAndAreChecked) {
  const auto top_k = [](const v1::PredictOptions& options) {
    return static_cast<const tasks::ClassificationDecodeOptions&>(
               **ClassificationWire().PredictOptions(options))
        .values()
        .top_k;
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

data::DatasetManifest Manifest() {
  data::DatasetManifest manifest;
  manifest.classes = {"cat", "dog", "owl"};
  const auto add = [&](int class_index, data::Split split, int times) {
    for (int i = 0; i < times; ++i) {
      data::DatasetEntry entry;
      entry.class_index = class_index;
      entry.split = split;
      manifest.entries.push_back(entry);
    }
  };
  add(0, data::Split::kTrain, 3);
  add(0, data::Split::kTest, 1);
  add(1, data::Split::kValidation, 2);
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
  data::DatasetManifest manifest = Manifest();
  manifest.entries.resize(3);  // cats alone
  v1::DatasetSummary summary;
  ASSERT_TRUE(ClassificationWire().Summarise(manifest, &summary));
  EXPECT_THAT(std::string(ClassificationWire().CheckTrainable(summary).message()),
              HasSubstr("1 class with images"));
}

TEST(ClassificationWireTest, TheFirstAnswerIsTheMostProbableLabelThoughTheModelAbstains) {
  EXPECT_EQ(*FirstAnswerOf(tasks::ClassificationOutput(
                {{{"cat", 0.5f, 1}, {"dog", 0.25f, 0}}, tasks::Abstention::kBelowThreshold, {}})),
            (FirstAnswer{"cat", 0.5}));
}

}  // namespace
}  // namespace graft::wire
