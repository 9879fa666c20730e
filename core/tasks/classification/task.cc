#include "core/tasks/classification/task.h"

#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"
#include "core/data/dataset_manifest.h"
#include "core/evaluation/ranking.h"
#include "core/tasks/classification/data_warnings.h"
#include "core/tasks/classification/report.h"
#include "core/tasks/dataset_targets.h"

namespace graft::tasks {
namespace {

class AccuracyMeter final : public Meter {
 public:
  void Add(const at::Tensor& outputs, const at::Tensor& targets) override {
    right_ += CountTopK(outputs, targets, 1);
    images_ += targets.size(0);
  }
  Figures Read() const override { return {{"accuracy", evaluation::RatioOrZero(right_, images_)}}; }

 private:
  int64_t right_ = 0;
  int64_t images_ = 0;
};

}  // namespace

ClassificationTask::ClassificationTask(std::vector<std::string> class_names, at::Tensor labels,
                                       const ClassificationOptions& options)
    : class_names_(std::move(class_names)),
      labels_(std::move(labels)),
      options_(options),
      loss_{options.label_smoothing.value_or(0), {}},
      convex_loss_(std::make_unique<SoftmaxLoss>(outputs())) {}

absl::StatusOr<std::unique_ptr<ClassificationTask>> ClassificationTask::Create(
    std::vector<std::string> class_names, const std::vector<int64_t>& labels,
    const ClassificationOptions& options) {
  if (class_names.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("the dataset has ", class_names.size(), " class(es): two or more are needed"));
  }
  auto task = std::unique_ptr<ClassificationTask>(
      new ClassificationTask(std::move(class_names), at::tensor(labels), options));
  GRAFT_RETURN_IF_ERROR(Annotate(task->convex_loss_->CheckTargets(task->labels_), "dataset"));
  return task;
}

absl::StatusOr<std::unique_ptr<ClassificationTask>> ClassificationTask::Create(
    const data::DatasetManifest& dataset, const ClassificationOptions& options) {
  GRAFT_RETURN_IF_ERROR(CheckTargetKind(dataset, data::TargetKind::kClass, "classification"));
  std::vector<int64_t> labels;
  labels.reserve(dataset.entries.size());
  for (const data::DatasetEntry& entry : dataset.entries) labels.push_back(entry.class_index);
  return Create(dataset.classes, labels, options);
}

std::vector<int64_t> ClassificationTask::CountByClass(absl::Span<const int64_t> entries) const {
  std::vector<int64_t> counts(class_names_.size(), 0);
  const int64_t* const labels = labels_.data_ptr<int64_t>();
  for (int64_t entry : entries) ++counts[labels[entry]];
  return counts;
}

absl::Status ClassificationTask::LearnFrom(absl::Span<const int64_t> train) {
  if (balanced()) {
    loss_.class_weights = at::tensor(BalancedClassWeights(CountByClass(train)));
    convex_loss_ = std::make_unique<SoftmaxLoss>(outputs(), loss_.class_weights);
  }
  return absl::OkStatus();
}

std::vector<TrainingWarning> ClassificationTask::Warnings(
    absl::Span<const int64_t> train, absl::Span<const int64_t> validation) const {
  ClassCounts counts{class_names_, CountByClass(train), {}};
  if (!validation.empty()) counts.validation_images = CountByClass(validation);
  return ClassWarnings(counts, balanced());
}

at::Tensor ClassificationTask::Loss(const at::Tensor& outputs, const at::Tensor& targets) const {
  return loss_(outputs, targets);
}

double ClassificationTask::LossWeight(const at::Tensor& targets) const {
  if (!loss_.class_weights.defined()) return Task::LossWeight(targets);
  return loss_.class_weights.to(targets.device()).index_select(0, targets).sum().item<double>();
}

std::unique_ptr<Meter> ClassificationTask::NewTrainingMeter() const {
  return std::make_unique<AccuracyMeter>();
}

std::unique_ptr<Evaluation> ClassificationTask::NewEvaluation() const {
  return std::make_unique<ClassificationEvaluation>(&class_names_);
}

absl::Status ClassificationTask::Calibrate(const at::Tensor& outputs, const at::Tensor& targets) {
  const at::Tensor probabilities = at::softmax(outputs.to(at::kFloat), 1).contiguous();
  const auto [surest, answers] = probabilities.max(1);
  const at::Tensor of_truth = probabilities.gather(1, targets.unsqueeze(1)).contiguous();
  if (!at::isfinite(probabilities).all().item<bool>()) return absl::OkStatus();  // it diverged
  const int64_t rows = outputs.size(0);
  std::vector<float> scores;
  std::vector<std::vector<evaluation::ScoredAnswer>> by_class(class_names_.size());
  std::vector<evaluation::ScoredAnswer> all;
  for (int64_t row = 0; row < rows; ++row) {
    scores.push_back(1 - of_truth.data_ptr<float>()[row]);
    const int64_t answer = answers.data_ptr<int64_t>()[row];
    const bool right = answer == targets.data_ptr<int64_t>()[row];
    all.push_back({surest.data_ptr<float>()[row], right});
    by_class[answer].push_back(all.back());
  }
  conformal_ = evaluation::KeepScores(std::move(scores));
  if (!options_.target_precision.has_value()) return absl::OkStatus();
  // A class that was never answered has the threshold of all answers together.
  const double common =
      evaluation::PrecisionThreshold(absl::MakeSpan(all), *options_.target_precision);
  thresholds_.clear();
  for (std::vector<evaluation::ScoredAnswer>& answered : by_class) {
    thresholds_.push_back(
        answered.empty()
            ? common
            : evaluation::PrecisionThreshold(absl::MakeSpan(answered), *options_.target_precision));
  }
  return absl::OkStatus();
}

std::string ClassificationTask::OutputsJson() const {
  return ToJson(ClassificationOutputs{class_names_, std::nullopt, thresholds_, conformal_});
}

std::string ClassificationTask::Limits() const {
  return "Answers with one of its labels for every image, also for images that show none of them, "
         "unless it is asked to abstain. "
         "Figures hold for images like those it was trained and tested on.";
}

}  // namespace graft::tasks
