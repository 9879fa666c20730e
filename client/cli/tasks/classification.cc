#include "client/cli/tasks/classification.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "client/cli/output.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

constexpr int kWidestMatrix = 20;  // a larger one does not fit a terminal
constexpr size_t kMostPairs = 10;

using Rows = std::vector<std::vector<std::string>>;

bool IsWithin(const v1::ConfusionCell& cell, int classes) {
  return cell.true_class() >= 0 && cell.true_class() < classes && cell.predicted_class() >= 0 &&
         cell.predicted_class() < classes;
}

std::string FormatMatrix(const v1::ClassificationReport& report) {
  const int classes = report.classes_size();
  Rows matrix(static_cast<size_t>(classes) + 1);
  matrix[0].emplace_back();
  for (int i = 0; i < classes; ++i) {
    matrix[0].push_back(absl::StrCat(i + 1));
    auto& line = matrix[static_cast<size_t>(i) + 1];
    line.push_back(absl::StrCat(i + 1, " ", report.classes(i).class_name()));
    line.resize(static_cast<size_t>(classes) + 1, ".");
  }
  for (const v1::ConfusionCell& cell : report.confusion().cells()) {
    if (!IsWithin(cell, classes)) continue;
    matrix[static_cast<size_t>(cell.true_class()) + 1]
          [static_cast<size_t>(cell.predicted_class()) + 1] = absl::StrCat(cell.images());
  }
  return "\nconfusion (rows: true class, columns: predicted)\n" + FormatTable(std::move(matrix));
}

std::string FormatMostConfused(const v1::ClassificationReport& report) {
  std::vector<const v1::ConfusionCell*> pairs;
  for (const v1::ConfusionCell& cell : report.confusion().cells()) {
    if (IsWithin(cell, report.classes_size()) && cell.true_class() != cell.predicted_class()) {
      pairs.push_back(&cell);
    }
  }
  if (pairs.empty()) return "";
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto* a, const auto* b) { return a->images() > b->images(); });
  Rows rows = {{"true class", "taken for", "images"}};
  for (size_t i = 0; i < std::min(pairs.size(), kMostPairs); ++i) {
    rows.push_back({report.classes(pairs[i]->true_class()).class_name(),
                    report.classes(pairs[i]->predicted_class()).class_name(),
                    absl::StrCat(pairs[i]->images())});
  }
  return "\nconfused most\n" + FormatTable(std::move(rows));
}

class Text final : public TaskText {
 public:
  absl::string_view name() const override { return "classification"; }

  std::string FormatReport(const v1::Report& any) const override {
    const v1::ClassificationReport& report = any.classification();
    std::string text = absl::StrFormat(
        "%s on %d %s images   macro F1 %.3f   calibration error %.3f\n\n",
        FormatPercent(report.accuracy()), report.images(), PrintableLine(report.split()),
        report.macro_f1(), report.calibration_error());
    Rows scores = {{"class", "precision", "recall", "F1", "images"}};
    for (const v1::ClassScore& score : report.classes()) {
      scores.push_back({score.class_name(), absl::StrFormat("%.3f", score.precision()),
                        absl::StrFormat("%.3f", score.recall()),
                        absl::StrFormat("%.3f", score.f1()), absl::StrCat(score.images())});
    }
    text += FormatTable(std::move(scores));
    if (report.confusion().cells().empty()) return text;
    return text + (report.classes_size() <= kWidestMatrix ? FormatMatrix(report)
                                                          : FormatMostConfused(report));
  }

  std::string FormatSummary(const v1::DatasetSummary& summary) const override {
    Rows rows = {{"CLASS", "IMAGES"}};
    for (const v1::ClassCounts& counts : summary.classification().classes()) {
      rows.push_back({counts.name(), absl::StrCat(counts.images())});
    }
    return FormatTable(std::move(rows));
  }

  std::vector<std::string> Cells(const v1::TaskOutput& output) const override {
    const v1::Classification& classification = output.classification();
    std::vector<std::string> cells;
    if (classification.abstention() != v1::ABSTENTION_UNSPECIFIED) cells.emplace_back("no answer");
    for (const v1::LabelScore& label : classification.labels()) {
      cells.push_back(absl::StrCat(label.label(), " ", FormatPercent(label.probability())));
    }
    if (classification.prediction_set_size() > 0) {
      cells.push_back(absl::StrCat("{", absl::StrJoin(classification.prediction_set(), ", "), "}"));
    }
    return cells;
  }

  std::string OutputsHeading() const override { return "labels"; }

  std::string FormatOutputs(const v1::ModelOutputs& outputs) const override {
    const v1::ClassificationOutputs& classification = outputs.classification();
    if (classification.thresholds_size() != classification.labels_size()) {
      return absl::StrJoin(classification.labels(), ", ");
    }
    std::vector<std::string> texts;
    for (int i = 0; i < classification.labels_size(); ++i) {
      texts.push_back(absl::StrFormat("%s (from %.2f)", classification.labels(i),
                                      classification.thresholds(i)));
    }
    return absl::StrJoin(texts, ", ");
  }

  std::vector<std::string> FractionsToWatch() const override { return {"accuracy"}; }

  void AddPredictOptions(CLI::App& app, v1::PredictOptions* options) const override {
    app.add_option_function<int>(
           "--top-k", [options](int k) { options->mutable_classification()->set_top_k(k); },
           "Classification: labels shown for each picture; default 5")
        ->check(CLI::Range(1, 1000));
    app.add_flag_callback(
        "--abstain-unknown",
        [options] { options->mutable_classification()->set_abstain_if_unknown(true); },
        "Classification: no answer for pictures unlike all that the model was trained on");
  }

  bool SetThresholds(const Thresholds& thresholds, v1::PredictOptions* options) const override {
    v1::ClassificationPredictOptions* const mine = options->mutable_classification();
    for (const auto& [label, threshold] : thresholds.of_labels) {
      (*mine->mutable_thresholds())[label] = threshold;
    }
    if (thresholds.of_others.has_value()) mine->set_threshold(*thresholds.of_others);
    return true;
  }
  bool SetCoverage(double coverage, v1::PredictOptions* options) const override {
    options->mutable_classification()->set_coverage(coverage);
    return true;
  }
};

}  // namespace

const TaskText& ClassificationText() {
  static const Text text;
  return text;
}

}  // namespace graft::cli
