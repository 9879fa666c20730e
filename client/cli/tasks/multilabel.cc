#include "client/cli/tasks/multilabel.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "client/cli/output.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

class Text final : public TaskText {
 public:
  absl::string_view name() const override { return "multilabel"; }

  std::string FormatReport(const v1::Report& any) const override {
    const v1::MultilabelReport& report = any.multilabel();
    std::string text = absl::StrFormat(
        "mean average precision %.3f on %d %s images   micro F1 %.3f   macro F1 %.3f\n\n",
        report.mean_average_precision(), report.images(), PrintableLine(report.split()),
        report.micro_f1(), report.macro_f1());
    std::vector<std::vector<std::string>> rows = {
        {"label", "average precision", "threshold", "precision", "recall", "F1", "images"}};
    for (const v1::LabelReport& label : report.labels()) {
      rows.push_back({label.label(), absl::StrFormat("%.3f", label.average_precision()),
                      absl::StrFormat("%.3f", label.threshold()),
                      absl::StrFormat("%.3f", label.precision()),
                      absl::StrFormat("%.3f", label.recall()), absl::StrFormat("%.3f", label.f1()),
                      absl::StrCat(label.images())});
    }
    return text + FormatTable(std::move(rows));
  }

  std::string FormatSummary(const v1::DatasetSummary& summary) const override {
    std::vector<std::vector<std::string>> rows = {{"LABEL", "IMAGES"}};
    for (const v1::ClassCounts& counts : summary.multilabel().labels()) {
      rows.push_back({counts.name(), absl::StrCat(counts.images())});
    }
    return FormatTable(std::move(rows));
  }

  std::vector<std::string> Cells(const v1::TaskOutput& output) const override {
    std::vector<std::string> cells;
    for (const v1::GivenLabel& label : output.multilabel().labels()) {
      cells.push_back(absl::StrCat(label.given() ? "" : "not ", label.label(), " ",
                                   FormatPercent(label.probability())));
    }
    return cells;
  }

  std::string OutputsHeading() const override { return "labels"; }

  std::string FormatOutputs(const v1::ModelOutputs& outputs) const override {
    const v1::MultilabelOutputs& multilabel = outputs.multilabel();
    const int labels = std::min(multilabel.labels_size(), multilabel.thresholds_size());
    std::vector<std::string> texts;
    for (int i = 0; i < labels; ++i) {
      texts.push_back(
          absl::StrFormat("%s (from %.2f)", multilabel.labels(i), multilabel.thresholds(i)));
    }
    return absl::StrJoin(texts, ", ");
  }

  std::vector<std::string> FractionsToWatch() const override {
    return {"mean_average_precision", "micro_f1"};
  }

  void AddPredictOptions(CLI::App& app, v1::PredictOptions* options) const override {
    app.add_flag_callback(
        "--all-labels", [options] { options->mutable_multilabel()->set_all_labels(true); },
        "Multi-label: shows the labels below their thresholds too");
  }

  bool SetThresholds(const Thresholds& thresholds, v1::PredictOptions* options) const override {
    if (thresholds.of_others.has_value()) return false;
    auto* const mine = options->mutable_multilabel()->mutable_thresholds();
    for (const auto& [label, threshold] : thresholds.of_labels) (*mine)[label] = threshold;
    return true;
  }
  bool SetCoverage(double /*coverage*/, v1::PredictOptions* /*options*/) const override {
    return false;
  }
};

}  // namespace

const TaskText& MultilabelText() {
  static const Text text;
  return text;
}

}  // namespace graft::cli
