#include "core/tasks/multilabel/report.h"

#include <ATen/ATen.h>

#include "nlohmann/json.hpp"

namespace graft::tasks {
namespace {

double OrZero(double sum, int64_t count) {
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

Figures FiguresOf(const MultilabelReport& report) {
  return {{kLossFigure, report.loss},
          {"mean_average_precision", report.mean_average_precision},
          {"micro_f1", report.micro_f1},
          {"macro_f1", report.macro_f1}};
}

}  // namespace

std::string MultilabelReportToJson(const MultilabelReport& report) {
  nlohmann::json labels = nlohmann::json::array();
  for (const MultilabelScore& score : report.labels) {
    labels.push_back({{"label", score.label},
                      {"threshold", score.threshold},
                      {"precision", score.precision},
                      {"recall", score.recall},
                      {"f1", score.f1},
                      {"average_precision", score.average_precision},
                      {"images", score.images}});
  }
  return nlohmann::json{
      {"labels", std::move(labels)}, {"mean_average_precision", report.mean_average_precision},
      {"micro_f1", report.micro_f1}, {"macro_f1", report.macro_f1},
      {"loss", report.loss},         {"images", report.images},
      {"split", report.split}}
      .dump();
}

MultilabelEvaluation::MultilabelEvaluation(const std::vector<std::string>* labels,
                                           const std::vector<double>* thresholds)
    : labels_(labels), thresholds_(thresholds), answers_(labels->size()) {}

void MultilabelEvaluation::Add(const at::Tensor& outputs, const at::Tensor& targets) {
  const at::Tensor logits = outputs.detach();
  const at::Tensor probabilities = at::sigmoid(logits).contiguous();
  const at::Tensor truth = targets.to(at::kFloat).contiguous();
  loss_sum_ += at::binary_cross_entropy_with_logits(logits, truth, {}, {}, at::Reduction::None)
                   .to(at::kDouble)
                   .sum()
                   .item<double>();
  const auto labels = static_cast<int64_t>(answers_.size());
  const float* probability = probabilities.data_ptr<float>();
  const float* actual = truth.data_ptr<float>();
  for (int64_t i = 0; i < probabilities.size(0); ++i) {
    for (int64_t label = 0; label < labels; ++label) {
      answers_[label].push_back({*probability++, *actual++ != 0});
    }
  }
}

MultilabelReport MultilabelEvaluation::Full(const std::string& split) const {
  MultilabelReport report;
  report.split = split;
  report.images = answers_.empty() ? 0 : static_cast<int64_t>(answers_.front().size());
  report.loss = OrZero(loss_sum_, report.images * static_cast<int64_t>(answers_.size()));
  evaluation::HitCounts all;
  double precision_sum = 0;
  double f1_sum = 0;
  int64_t with_images = 0;
  int64_t seen = 0;
  for (size_t label = 0; label < answers_.size(); ++label) {
    evaluation::HitCounts counts;
    std::vector<evaluation::ScoredAnswer> answers = answers_[label];
    const double threshold = (*thresholds_)[label];
    for (const evaluation::ScoredAnswer& answer : answers) {
      const bool given = static_cast<double>(answer.score) >= threshold;
      counts.predicted += given ? 1 : 0;
      counts.actual += answer.actual ? 1 : 0;
      counts.hits += given && answer.actual ? 1 : 0;
    }
    MultilabelScore score;
    score.label = (*labels_)[label];
    score.threshold = threshold;
    score.precision = counts.precision();
    score.recall = counts.recall();
    score.f1 = counts.f1();
    score.average_precision = evaluation::AveragePrecision(absl::MakeSpan(answers));
    score.images = counts.actual;
    if (counts.actual > 0) {
      precision_sum += score.average_precision;
      ++with_images;
    }
    if (counts.actual + counts.predicted > 0) {
      f1_sum += score.f1;
      ++seen;
    }
    all.hits += counts.hits;
    all.predicted += counts.predicted;
    all.actual += counts.actual;
    report.labels.push_back(std::move(score));
  }
  report.mean_average_precision = OrZero(precision_sum, with_images);
  report.macro_f1 = OrZero(f1_sum, seen);
  report.micro_f1 = all.f1();
  return report;
}

Figures MultilabelEvaluation::Read() const { return FiguresOf(Full("")); }

TaskReport MultilabelEvaluation::Report(const std::string& split) const {
  const MultilabelReport report = Full(split);
  const std::string json = MultilabelReportToJson(report);
  return {report.images, FiguresOf(report), json, json};
}

}  // namespace graft::tasks
