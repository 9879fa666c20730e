#include "client/cli/tasks/regression.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "client/cli/output.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

class Text final : public TaskText {
 public:
  absl::string_view name() const override { return "regression"; }

  std::string FormatReport(const v1::Report& any) const override {
    const v1::RegressionReport& report = any.regression();
    std::string text = absl::StrFormat("R2 %.3f on %d %s images\n\n", report.r2(), report.images(),
                                       PrintableLine(report.split()));
    std::vector<std::vector<std::string>> rows = {
        {"number", "mean absolute error", "root mean squared error", "R2"}};
    for (const v1::NumberReport& number : report.numbers()) {
      rows.push_back({number.name(), absl::StrFormat("%.4g", number.mean_absolute_error()),
                      absl::StrFormat("%.4g", number.root_mean_squared_error()),
                      absl::StrFormat("%.3f", number.r2())});
    }
    return text + FormatTable(std::move(rows));
  }

  std::string FormatSummary(const v1::DatasetSummary& summary) const override {
    std::vector<std::vector<std::string>> rows = {{"NUMBER", "SMALLEST", "MEAN", "LARGEST"}};
    for (const v1::NumberRange& range : summary.regression().numbers()) {
      rows.push_back({range.name(), absl::StrFormat("%.4g", range.smallest()),
                      absl::StrFormat("%.4g", range.mean()),
                      absl::StrFormat("%.4g", range.largest())});
    }
    return FormatTable(std::move(rows));
  }

  std::vector<std::string> Cells(const v1::TaskOutput& output) const override {
    std::vector<std::string> cells;
    for (const v1::NumberValue& number : output.regression().numbers()) {
      std::string cell = absl::StrFormat("%s %.4g", number.name(), number.value());
      if (number.has_low()) {
        absl::StrAppendFormat(&cell, " (%.4g to %.4g)", number.low(), number.high());
      }
      cells.push_back(std::move(cell));
    }
    return cells;
  }

  std::string OutputsHeading() const override { return "numbers"; }

  std::string FormatOutputs(const v1::ModelOutputs& outputs) const override {
    return absl::StrJoin(
        outputs.regression().numbers(), ", ",
        [](std::string* out, const v1::NumberScale& number) { out->append(number.name()); });
  }

  // Errors are no percentages, and R2 may be far below 0.
  std::vector<std::string> FractionsToWatch() const override { return {}; }

  void AddPredictOptions(CLI::App& /*app*/, v1::PredictOptions* /*options*/) const override {}

  bool SetThresholds(const Thresholds& /*thresholds*/,
                     v1::PredictOptions* /*options*/) const override {
    return false;
  }
  bool SetCoverage(double coverage, v1::PredictOptions* options) const override {
    options->mutable_regression()->set_coverage(coverage);
    return true;
  }
};

}  // namespace

const TaskText& RegressionText() {
  static const Text text;
  return text;
}

}  // namespace graft::cli
