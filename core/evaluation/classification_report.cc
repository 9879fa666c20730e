#include "core/evaluation/classification_report.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace graft {
namespace {

double Ratio(int64_t numerator, int64_t denominator) {
  return denominator == 0 ? 0.0 : static_cast<double>(numerator) / static_cast<double>(denominator);
}

// Fills everything that follows from the confusion matrix.
void ScoreClasses(ClassificationReport& report) {
  const size_t classes = report.class_names.size();
  int64_t right = 0;
  double f1_sum = 0;
  int64_t classes_seen = 0;
  for (size_t c = 0; c < classes; ++c) {
    int64_t actual = 0;
    int64_t predicted = 0;
    for (size_t other = 0; other < classes; ++other) {
      actual += report.confusion[c * classes + other];
      predicted += report.confusion[other * classes + c];
    }
    const int64_t hit = report.confusion[c * classes + c];
    ClassScore score;
    score.class_name = report.class_names[c];
    score.precision = Ratio(hit, predicted);
    score.recall = Ratio(hit, actual);
    score.f1 = Ratio(2 * hit, actual + predicted);
    score.images = actual;
    if (actual + predicted > 0) {
      f1_sum += score.f1;
      ++classes_seen;
    }
    right += hit;
    report.classes.push_back(std::move(score));
  }
  report.accuracy = Ratio(right, report.images);
  report.macro_f1 = classes_seen == 0 ? 0.0 : f1_sum / static_cast<double>(classes_seen);
}

}  // namespace

double ExpectedCalibrationError(absl::Span<const float> confidences, absl::Span<const bool> right,
                                int bins) {
  std::vector<double> confidence_sum(static_cast<size_t>(bins), 0.0);
  std::vector<int64_t> hits(static_cast<size_t>(bins), 0);
  std::vector<int64_t> counts(static_cast<size_t>(bins), 0);
  for (size_t i = 0; i < confidences.size(); ++i) {
    // Bins are open below and closed above, so a confidence of 1 is in the last one.
    const int bin = std::clamp(
        static_cast<int>(std::ceil(static_cast<double>(confidences[i]) * bins)) - 1, 0, bins - 1);
    confidence_sum[bin] += confidences[i];
    hits[bin] += right[i] ? 1 : 0;
    ++counts[bin];
  }
  double error = 0;
  for (int bin = 0; bin < bins; ++bin) {
    // count / n * |hits / count - confidence / count|, with the counts cancelled.
    if (counts[bin] > 0) error += std::abs(static_cast<double>(hits[bin]) - confidence_sum[bin]);
  }
  return confidences.empty() ? 0.0 : error / static_cast<double>(confidences.size());
}

absl::StatusOr<ClassificationReport> EvaluateClassification(
    absl::Span<const float> probabilities, absl::Span<const int> labels,
    const std::vector<std::string>& class_names, const std::string& split) {
  const size_t classes = class_names.size();
  if (classes == 0) return absl::InvalidArgumentError("a report needs at least one class");
  if (probabilities.size() != labels.size() * classes) {
    return absl::InvalidArgumentError(absl::StrCat("got ", probabilities.size(),
                                                   " probabilities for ", labels.size(),
                                                   " images of ", classes, " classes"));
  }
  ClassificationReport report;
  report.class_names = class_names;
  report.split = split;
  report.images = static_cast<int64_t>(labels.size());
  report.confusion.assign(classes * classes, 0);

  std::vector<float> confidences(labels.size());
  // Not vector<bool>: it is read as a span.
  const auto right = std::make_unique<bool[]>(labels.size() + 1);
  double loss = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || static_cast<size_t>(labels[i]) >= classes) {
      return absl::InvalidArgumentError(
          absl::StrCat("label ", labels[i], " of image ", i, " is not in [0, ", classes, ")"));
    }
    const auto label = static_cast<size_t>(labels[i]);
    const absl::Span<const float> row = probabilities.subspan(i * classes, classes);
    for (float p : row) {
      if (!(p >= 0.0f && p <= 1.0001f)) {
        return absl::InvalidArgumentError(absl::StrCat("image ", i, " has a probability of ", p));
      }
    }
    const auto best = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    ++report.confusion[label * classes + best];
    confidences[i] = row[best];
    right[i] = best == label;
    // The floor is float32's smallest normal number: a probability that underflowed to 0 costs
    // 87 nats rather than infinity.
    loss -= std::log(std::max(static_cast<double>(row[label]), 1.1754944e-38));
  }
  if (!labels.empty()) report.loss = loss / static_cast<double>(labels.size());
  report.calibration_error =
      ExpectedCalibrationError(confidences, absl::MakeConstSpan(right.get(), labels.size()));
  ScoreClasses(report);
  return report;
}

}  // namespace graft
