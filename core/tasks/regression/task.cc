#include "core/tasks/regression/task.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"
#include "core/data/dataset_manifest.h"
#include "core/tasks/dataset_targets.h"

namespace graft::tasks {
namespace {

constexpr size_t kFewImages = 20;
constexpr size_t kMostScores = 4'096;

// The figures of batches as they are trained: the evaluation's, without the loss, which training
// knows with more right.
class ErrorMeter final : public Meter {
 public:
  explicit ErrorMeter(std::unique_ptr<Evaluation> evaluation)
      : evaluation_(std::move(evaluation)) {}
  void Add(const at::Tensor& outputs, const at::Tensor& targets) override {
    evaluation_->Add(outputs, targets);
  }
  Figures Read() const override {
    constexpr char kError[] = "mean_absolute_error";
    return {{kError, FindFigure(evaluation_->Read(), kError).value_or(0)}};
  }

 private:
  const std::unique_ptr<Evaluation> evaluation_;
};

}  // namespace

RegressionTask::RegressionTask(std::vector<std::string> names, at::Tensor values,
                               const RegressionOptions& options)
    : names_(std::move(names)),
      options_(options),
      loss_(outputs(), options.loss.value_or(RegressionLossKind::kHuber),
            options.huber_delta.value_or(kDefaultHuberDelta)),
      values_(std::move(values)),
      targets_(values_.to(at::kFloat)),
      scales_(names_.size()),
      constant_(names_.size(), false) {}

absl::StatusOr<std::unique_ptr<RegressionTask>> RegressionTask::Create(
    std::vector<std::string> names, const std::vector<std::vector<double>>& values,
    const RegressionOptions& options) {
  if (names.empty()) {
    return absl::InvalidArgumentError("the dataset has no numbers to learn: one or more a row");
  }
  const at::Tensor table = at::empty(
      {static_cast<int64_t>(values.size()), static_cast<int64_t>(names.size())}, at::kDouble);
  double* to = table.data_ptr<double>();
  for (size_t entry = 0; entry < values.size(); ++entry) {
    if (values[entry].size() != names.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "dataset: entry ", entry, " has ", values[entry].size(), " numbers, not ", names.size()));
    }
    for (size_t number = 0; number < names.size(); ++number) {
      const double value = values[entry][number];
      if (!std::isfinite(value)) {
        return absl::InvalidArgumentError(
            absl::StrCat("dataset: \"", names[number], "\" of entry ", entry, " is not finite"));
      }
      *to++ = value;
    }
  }
  return std::unique_ptr<RegressionTask>(new RegressionTask(std::move(names), table, options));
}

absl::StatusOr<std::unique_ptr<RegressionTask>> RegressionTask::Create(
    const data::DatasetManifest& dataset, const RegressionOptions& options) {
  GRAFT_RETURN_IF_ERROR(CheckTargetKind(dataset, data::TargetKind::kNumbers, "regression"));
  std::vector<std::vector<double>> values;
  values.reserve(dataset.entries.size());
  for (const data::DatasetEntry& entry : dataset.entries) values.push_back(entry.numbers);
  return Create(dataset.numbers, values, options);
}

absl::Status RegressionTask::LearnFrom(absl::Span<const int64_t> train) {
  if (train.empty()) return absl::InvalidArgumentError("there are no images to train on");
  const at::Tensor index = at::tensor(at::ArrayRef<int64_t>(train.data(), train.size()));
  const at::Tensor rows = values_.index_select(0, index);
  const at::Tensor mean = rows.mean(0);
  const at::Tensor deviation = (rows - mean).square().mean(0).sqrt();
  for (size_t number = 0; number < names_.size(); ++number) {
    const auto at = static_cast<int64_t>(number);
    NumberScale& scale = scales_[number];
    scale.mean = mean[at].item<double>();
    scale.deviation = deviation[at].item<double>();
    // Rounding leaves equal values with a deviation of about 1e-16 times the value.
    constant_[number] = !(scale.deviation > 1e-12 * std::abs(scale.mean));
    if (constant_[number]) scale.deviation = 1;
    targets_.select(1, at).copy_((values_.select(1, at) - scale.mean) / scale.deviation);
  }
  // A deviation that overflows, or values so far apart that float32 cannot hold their ratio.
  return loss_.CheckTargets(targets_);
}

std::vector<TrainingWarning> RegressionTask::Warnings(
    absl::Span<const int64_t> train, absl::Span<const int64_t> /*validation*/) const {
  std::vector<TrainingWarning> warnings;
  for (size_t number = 0; number < names_.size(); ++number) {
    if (!constant_[number]) continue;
    warnings.push_back({"CONSTANT_TARGET",
                        absl::StrCat("\"", names_[number], "\" is ", scales_[number].mean,
                                     " in every training image, so nothing can be learnt of it"),
                        "Add images with other values, or leave the number out."});
    break;
  }
  if (train.size() < kFewImages) {
    warnings.push_back(
        {"TOO_FEW_IMAGES",
         absl::StrCat("there are ", train.size(), " training images for a regression"),
         "Twenty or more are advised; with fewer, prefer FEATURE_EXTRACTION and read the metrics "
         "with care."});
  }
  return warnings;
}

at::Tensor RegressionTask::Loss(const at::Tensor& outputs, const at::Tensor& targets) const {
  return loss_.Mean(outputs, targets);
}

std::unique_ptr<Meter> RegressionTask::NewTrainingMeter() const {
  return std::make_unique<ErrorMeter>(NewEvaluation());
}

std::unique_ptr<Evaluation> RegressionTask::NewEvaluation() const {
  return std::make_unique<RegressionEvaluation>(&names_, &scales_, &loss_);
}

absl::Status RegressionTask::Calibrate(const at::Tensor& outputs, const at::Tensor& targets) {
  const at::Tensor errors = (outputs.to(at::kFloat) - targets).abs().t().contiguous();
  if (!at::isfinite(errors).all().item<bool>()) return absl::OkStatus();  // it diverged
  conformal_.clear();
  // Of all numbers together: they go into the model's description.
  const size_t most = std::clamp<size_t>(kMostScores / names_.size(), 16, 256);
  for (int64_t number = 0; number < errors.size(0); ++number) {
    const float* const row = errors[number].data_ptr<float>();
    conformal_.push_back(evaluation::KeepScores({row, row + errors.size(1)}, most));
  }
  return absl::OkStatus();
}

std::string RegressionTask::OutputsJson() const {
  return ToJson(RegressionOutputs{names_, scales_, conformal_});
}

std::string RegressionTask::Limits() const {
  return "Answers with a number for every image, also for images unlike any it was trained on; how "
         "far off it may be is said where a coverage is asked for. Figures hold for images like "
         "those it "
         "was trained and tested on.";
}

}  // namespace graft::tasks
