#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/tasks/catalog.h"

namespace graft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// 9 right of each class, 1 taken for each of the others; but class 1 often for class 0.
v1::Report Report(int classes) {
  v1::Report any;
  v1::ClassificationReport& report = *any.mutable_classification();
  report.set_split("test");
  report.set_images(10L * classes);
  report.set_accuracy(0.9);
  for (int row = 0; row < classes; ++row) {
    report.add_classes()->set_class_name(absl::StrCat("class", row));
    for (int column = 0; column < classes; ++column) {
      v1::ConfusionCell* cell = report.mutable_confusion()->add_cells();
      cell->set_true_class(row);
      cell->set_predicted_class(column);
      cell->set_images(row == column ? 9 : row == 1 && column == 0 ? 5 : 1);
    }
  }
  return any;
}

TEST(ReportTextTest, ShowsTheConfusionMatrix) {
  v1::Report report = Report(2);
  auto* cells = report.mutable_classification()->mutable_confusion()->mutable_cells();
  cells->DeleteSubrange(1, 1);
  const std::string text = FormatReport(report);
  EXPECT_THAT(text, HasSubstr("90.0 % on 20 test images"));
  EXPECT_THAT(text, HasSubstr("          1  2\n"
                              "1 class0  9  .\n"
                              "2 class1  5  9\n"));
}

TEST(ReportTextTest, NamesTheWorstPairsWhereTheMatrixIsTooWideForATerminal) {
  EXPECT_THAT(FormatReport(Report(20)), HasSubstr("columns: predicted"));
  const std::string text = FormatReport(Report(21));
  EXPECT_THAT(text, Not(HasSubstr("columns: predicted")));
  EXPECT_THAT(text, HasSubstr("true class  taken for  images\n"
                              "class1      class0     5\n"));
}

TEST(ReportTextTest, LeavesOutCellsOfClassesThatAreNotThere) {
  v1::Report report = Report(3);
  auto& confusion = *report.mutable_classification()->mutable_confusion();
  for (const auto& [row, column] : {std::pair(-1, 0), std::pair(0, 3), std::pair(1 << 30, 0)}) {
    v1::ConfusionCell* cell = confusion.add_cells();
    cell->set_true_class(row);
    cell->set_predicted_class(column);
    cell->set_images(777);
  }
  EXPECT_THAT(FormatReport(report), Not(HasSubstr("777")));
  for (int i = 3; i < 30; ++i) report.mutable_classification()->add_classes();
  report.mutable_classification()->mutable_confusion()->mutable_cells(10)->set_predicted_class(30);
  EXPECT_THAT(FormatReport(report), Not(HasSubstr("777")));
}

TEST(ReportTextTest, IsSafeForATerminal) {
  v1::Report report = Report(2);
  report.mutable_classification()->set_split("\x1b[2J");
  report.mutable_classification()->mutable_classes(0)->set_class_name("\x1b[31mred");
  EXPECT_THAT(FormatReport(report), Not(HasSubstr("\x1b")));
}

// A newer server may have tasks that this tool was not built with.
TEST(TaskTextTest, OfATaskThatIsNotKnownNothingIsShown) {
  EXPECT_EQ(FormatReport(v1::Report()), "");
  EXPECT_EQ(FormatSummary(v1::DatasetSummary()), "");
  EXPECT_THAT(Cells(v1::TaskOutput()), IsEmpty());
}

TEST(TaskTextTest, ShowsAnswersAndSummaries) {
  v1::TaskOutput output;
  auto* label = output.mutable_classification()->add_labels();
  label->set_label("cat");
  label->set_probability(0.75F);
  EXPECT_THAT(Cells(output), ElementsAre("cat 75.0 %"));
  v1::DatasetSummary summary;
  auto* counts = summary.mutable_classification()->add_classes();
  counts->set_name("cat");
  counts->set_images(3);
  EXPECT_EQ(FormatSummary(summary), "CLASS  IMAGES\ncat    3\n");
}

TEST(TaskTextTest, TheTaskOfADatasetIsTheOneItIsLabelledFor) {
  v1::DatasetSummary summary;
  EXPECT_EQ(TaskName(summary), "");
  summary.mutable_regression();
  EXPECT_EQ(TaskName(summary), "regression");
}

TEST(MultilabelTextTest, ShowsReportsAnswersAndOutputs) {
  v1::Report any;
  v1::MultilabelReport& report = *any.mutable_multilabel();
  report.set_split("test");
  report.set_images(40);
  report.set_mean_average_precision(0.8125);
  v1::LabelReport* const sea = report.add_labels();
  sea->set_label("sea\x1b[2J");
  sea->set_threshold(0.25);
  sea->set_images(12);
  const std::string text = FormatReport(any);
  EXPECT_THAT(text, HasSubstr("mean average precision 0.812 on 40 test images"));
  EXPECT_THAT(text, HasSubstr("0.250"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));

  v1::TaskOutput output;
  auto* label = output.mutable_multilabel()->add_labels();
  label->set_label("sea");
  label->set_probability(0.5F);
  label->set_given(true);
  label = output.mutable_multilabel()->add_labels();
  label->set_label("sky");
  EXPECT_THAT(Cells(output), ElementsAre("sea 50.0 %", "not sky 0.0 %"));

  v1::DatasetSummary summary;
  auto* counts = summary.mutable_multilabel()->add_labels();
  counts->set_name("sea");
  counts->set_images(3);
  EXPECT_EQ(FormatSummary(summary), "LABEL  IMAGES\nsea    3\n");
}

TEST(RegressionTextTest, ShowsReportsAnswersAndSummaries) {
  v1::Report any;
  v1::RegressionReport& report = *any.mutable_regression();
  report.set_split("validation");
  report.set_images(7);
  report.set_r2(0.5);
  report.add_numbers()->set_name("age");
  report.mutable_numbers(0)->set_mean_absolute_error(1.25);
  EXPECT_THAT(FormatReport(any), HasSubstr("R2 0.500 on 7 validation images"));
  EXPECT_THAT(FormatReport(any), HasSubstr("1.25"));

  v1::TaskOutput output;
  auto* number = output.mutable_regression()->add_numbers();
  number->set_name("age");
  number->set_value(38.25);
  EXPECT_THAT(Cells(output), ElementsAre("age 38.25"));

  v1::DatasetSummary summary;
  auto* range = summary.mutable_regression()->add_numbers();
  range->set_name("age");
  range->set_smallest(1);
  range->set_mean(2);
  range->set_largest(4);
  EXPECT_EQ(FormatSummary(summary), "NUMBER  SMALLEST  MEAN  LARGEST\nage     1         2     4\n");
}

}  // namespace
}  // namespace graft::cli
