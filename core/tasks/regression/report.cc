#include "core/tasks/regression/report.h"

#include <ATen/ATen.h>

#include "nlohmann/json.hpp"

namespace graft::tasks {

std::string RegressionReportToJson(const RegressionReport& report) {
  nlohmann::json numbers = nlohmann::json::array();
  for (const NumberScore& score : report.numbers) {
    numbers.push_back({{"name", score.name},
                       {"mean_absolute_error", score.mean_absolute_error},
                       {"root_mean_squared_error", score.root_mean_squared_error},
                       {"r2", score.r2}});
  }
  return nlohmann::json{{"numbers", std::move(numbers)},
                        {"r2", report.r2},
                        {"loss", report.loss},
                        {"images", report.images},
                        {"split", report.split}}
      .dump();
}

RegressionEvaluation::RegressionEvaluation(const std::vector<std::string>* names,
                                           const std::vector<NumberScale>* scales,
                                           const RegressionLoss* loss)
    : names_(names), scales_(scales), loss_(loss), scores_(names->size()) {}

void RegressionEvaluation::Add(const at::Tensor& outputs, const at::Tensor& targets) {
  const auto rows = outputs.size(0);
  if (rows == 0) return;
  loss_sum_ += loss_->HeldOut(outputs.detach(), targets) * static_cast<double>(rows);
  images_ += rows;
  const at::Tensor predicted = outputs.detach().contiguous();
  const at::Tensor truth = targets.contiguous();
  const float* output = predicted.data_ptr<float>();
  const float* target = truth.data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t number = 0; number < scores_.size(); ++number) {
      const NumberScale& scale = (*scales_)[number];
      scores_[number].Add(static_cast<double>(*output++) * scale.deviation + scale.mean,
                          static_cast<double>(*target++) * scale.deviation + scale.mean);
    }
  }
}

RegressionReport RegressionEvaluation::Full(const std::string& split) const {
  RegressionReport report;
  report.split = split;
  report.images = images_;
  if (images_ > 0) report.loss = loss_sum_ / static_cast<double>(images_);
  double r2_sum = 0;
  for (size_t number = 0; number < scores_.size(); ++number) {
    const evaluation::RegressionScores& scores = scores_[number];
    report.numbers.push_back({(*names_)[number], scores.mean_absolute_error(),
                              scores.root_mean_squared_error(), scores.r2()});
    r2_sum += scores.r2();
  }
  report.r2 = r2_sum / static_cast<double>(scores_.size());
  return report;
}

Figures RegressionEvaluation::Read() const {
  const RegressionReport report = Full("");
  double absolute = 0;
  double squared = 0;
  const size_t numbers = report.numbers.size();
  for (size_t number = 0; number < numbers; ++number) {
    const double unit = numbers == 1 ? 1 : (*scales_)[number].deviation;
    absolute += report.numbers[number].mean_absolute_error / unit;
    squared += report.numbers[number].root_mean_squared_error / unit;
  }
  return {{kLossFigure, report.loss},
          {"mean_absolute_error", absolute / static_cast<double>(numbers)},
          {"root_mean_squared_error", squared / static_cast<double>(numbers)},
          {"r2", report.r2}};
}

TaskReport RegressionEvaluation::Report(const std::string& split) const {
  const std::string json = RegressionReportToJson(Full(split));
  return {images_, Read(), json, json};
}

}  // namespace graft::tasks
