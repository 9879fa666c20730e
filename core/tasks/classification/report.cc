#include "core/tasks/classification/report.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>

#include "nlohmann/json.hpp"

namespace graft::tasks {
namespace {

nlohmann::json ClassesToJson(const ClassificationReport& report, const char* name_key) {
  nlohmann::json classes = nlohmann::json::array();
  for (const ClassScore& score : report.classes) {
    classes.push_back({{name_key, score.class_name},
                       {"precision", score.precision},
                       {"recall", score.recall},
                       {"f1", score.f1},
                       {"images", score.images}});
  }
  return classes;
}

nlohmann::json Summary(const ClassificationReport& report) {
  return {{"split", report.split},       {"images", report.images},
          {"accuracy", report.accuracy}, {"macro_f1", report.macro_f1},
          {"loss", report.loss},         {"calibration_error", report.calibration_error}};
}

}  // namespace

std::string ClassificationReportToJson(const ClassificationReport& report) {
  nlohmann::json cells = nlohmann::json::array();
  for (const evaluation::ConfusionCell& cell : report.confusion.cells) {
    cells.push_back({{"true_class", cell.true_class},
                     {"predicted_class", cell.predicted_class},
                     {"images", cell.count}});
  }
  nlohmann::json json = Summary(report);
  json["classes"] = ClassesToJson(report, "class_name");
  json["confusion"] = {{"cells", std::move(cells)}, {"left_out_images", report.confusion.left_out}};
  return json.dump();
}

std::string ClassificationReportToCardJson(const ClassificationReport& report) {
  nlohmann::json json = Summary(report);
  json["classes"] = ClassesToJson(report, "class");
  return json.dump();
}

void ClassificationEvaluation::Add(const at::Tensor& outputs, const at::Tensor& targets) {
  const at::Tensor probabilities = at::softmax(outputs.detach(), 1).contiguous();
  const at::Tensor labels = targets.contiguous();
  const auto classes = static_cast<size_t>(probabilities.size(1));
  const float* row = probabilities.data_ptr<float>();
  for (int64_t i = 0; i < probabilities.size(0); ++i, row += classes) {
    const auto label = static_cast<size_t>(labels.data_ptr<int64_t>()[i]);
    const auto best = static_cast<size_t>(std::max_element(row, row + classes) - row);
    confusion_.Add(static_cast<int>(label), static_cast<int>(best));
    calibration_.Add(row[best], best == label);
    // The floor is float32's smallest normal number: a probability that underflowed to 0 costs
    // 87 nats rather than infinity.
    loss_sum_ -= std::log(std::max(static_cast<double>(row[label]), 1.1754944e-38));
    ++images_;
  }
}

ClassificationReport ClassificationEvaluation::Full(const std::string& split) const {
  ClassificationReport report = Scores();
  report.split = split;
  report.confusion = confusion_.Cells(evaluation::kMaxReportCells);
  return report;
}

ClassificationReport ClassificationEvaluation::Scores() const {
  ClassificationReport report;
  report.images = images_;
  if (images_ > 0) report.loss = loss_sum_ / static_cast<double>(images_);
  report.calibration_error = calibration_.Error();
  int64_t right = 0;
  double f1_sum = 0;
  int64_t classes_seen = 0;
  const std::vector<evaluation::HitCounts> by_class =
      confusion_.ByClass(static_cast<int>(class_names_->size()));
  for (size_t c = 0; c < by_class.size(); ++c) {
    const evaluation::HitCounts& counts = by_class[c];
    report.classes.push_back(
        {(*class_names_)[c], counts.precision(), counts.recall(), counts.f1(), counts.actual});
    if (counts.actual + counts.predicted > 0) {
      f1_sum += counts.f1();
      ++classes_seen;
    }
    right += counts.hits;
  }
  report.accuracy = evaluation::RatioOrZero(right, images_);
  report.macro_f1 = classes_seen == 0 ? 0.0 : f1_sum / static_cast<double>(classes_seen);
  return report;
}

Figures ClassificationEvaluation::Read() const {
  const ClassificationReport report = Scores();
  return {{kLossFigure, report.loss}, {"accuracy", report.accuracy}, {"macro_f1", report.macro_f1}};
}

TaskReport ClassificationEvaluation::Report(const std::string& split) const {
  const ClassificationReport report = Full(split);
  return {report.images,
          {{kLossFigure, report.loss},
           {"accuracy", report.accuracy},
           {"macro_f1", report.macro_f1},
           {"calibration_error", report.calibration_error}},
          ClassificationReportToJson(report),
          ClassificationReportToCardJson(report)};
}

}  // namespace graft::tasks
