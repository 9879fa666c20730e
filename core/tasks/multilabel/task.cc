#include "core/tasks/multilabel/task.h"

#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"
#include "core/data/dataset_manifest.h"
#include "core/evaluation/ranking.h"
#include "core/tasks/dataset_targets.h"
#include "core/tasks/multilabel/report.h"

namespace graft::tasks {
namespace {

constexpr int64_t kFewImages = 10;
constexpr double kUncalibrated = 0.5;

// Of all answers together, each label given where its probability is 0.5 or more.
class MicroF1Meter final : public Meter {
 public:
  void Add(const at::Tensor& outputs, const at::Tensor& targets) override {
    const at::Tensor given = outputs.detach().ge(0);  // sigmoid(0) = 0.5
    const at::Tensor actual = targets.ne(0);
    counts_.predicted += given.sum().item<int64_t>();
    counts_.actual += actual.sum().item<int64_t>();
    counts_.hits += given.logical_and(actual).sum().item<int64_t>();
  }
  Figures Read() const override { return {{"micro_f1", counts_.f1()}}; }

 private:
  evaluation::HitCounts counts_;
};

// "label "boat" and 3 more" of those that `which` holds for; empty where it holds for none.
template <typename Which>
std::string NameLabels(const std::vector<std::string>& labels, const Which& which) {
  std::string first;
  int64_t others = -1;
  for (size_t label = 0; label < labels.size(); ++label) {
    if (!which(label)) continue;
    if (++others == 0) first = labels[label];
  }
  if (others < 0) return "";
  return absl::StrCat("label \"", first, "\"",
                      others == 0 ? "" : absl::StrCat(" and ", others, " more"));
}

}  // namespace

MultilabelTask::MultilabelTask(std::vector<std::string> labels, at::Tensor targets,
                               const MultilabelOptions& options)
    : labels_(std::move(labels)),
      targets_(std::move(targets)),
      options_(options),
      loss_(std::make_unique<SigmoidLoss>(outputs())),
      thresholds_(labels_.size(), kUncalibrated) {}

absl::StatusOr<std::unique_ptr<MultilabelTask>> MultilabelTask::Create(
    std::vector<std::string> labels, const std::vector<std::vector<int>>& labels_of,
    const MultilabelOptions& options) {
  if (labels.empty()) {
    return absl::InvalidArgumentError("the dataset has no labels: one or more are needed");
  }
  const auto count = static_cast<int64_t>(labels.size());
  const at::Tensor targets = at::zeros({static_cast<int64_t>(labels_of.size()), count}, at::kByte);
  uint8_t* row = targets.data_ptr<uint8_t>();
  for (const std::vector<int>& has : labels_of) {
    for (int label : has) {
      if (label < 0 || label >= count) {
        return absl::InvalidArgumentError(
            absl::StrCat("dataset: label ", label, " is none of its ", count, " labels"));
      }
      row[label] = 1;
    }
    row += count;
  }
  return std::unique_ptr<MultilabelTask>(new MultilabelTask(std::move(labels), targets, options));
}

absl::StatusOr<std::unique_ptr<MultilabelTask>> MultilabelTask::Create(
    const data::DatasetManifest& dataset, const MultilabelOptions& options) {
  GRAFT_RETURN_IF_ERROR(CheckTargetKind(dataset, data::TargetKind::kLabels, "multilabel"));
  std::vector<std::vector<int>> labels_of;
  labels_of.reserve(dataset.entries.size());
  for (const data::DatasetEntry& entry : dataset.entries) labels_of.push_back(entry.labels);
  return Create(dataset.classes, labels_of, options);
}

std::vector<int64_t> MultilabelTask::CountByLabel(absl::Span<const int64_t> entries) const {
  const at::Tensor sums = TargetsOf(entries).sum(0, /*keepdim=*/false, at::kLong);
  return {sums.data_ptr<int64_t>(), sums.data_ptr<int64_t>() + sums.numel()};
}

absl::Status MultilabelTask::LearnFrom(absl::Span<const int64_t> train) {
  if (balanced()) {
    loss_ = std::make_unique<SigmoidLoss>(
        outputs(), at::tensor(BalancedPositiveWeights(CountByLabel(train),
                                                      static_cast<int64_t>(train.size()))));
  }
  return absl::OkStatus();
}

std::vector<TrainingWarning> MultilabelTask::Warnings(absl::Span<const int64_t> train,
                                                      absl::Span<const int64_t> validation) const {
  std::vector<TrainingWarning> warnings;
  const auto images = static_cast<int64_t>(train.size());
  const std::vector<int64_t> counts = CountByLabel(train);
  const std::string empty = NameLabels(
      labels_, [&](size_t label) { return counts[label] == 0 || counts[label] == images; });
  if (!empty.empty()) {
    warnings.push_back(
        {"EMPTY_LABEL",
         absl::StrCat(empty,
                      " stand on no training image or on every one, so nothing tells when "
                      "to give them"),
         "Add images with and without them, or take the labels away."});
  }
  const std::string few = NameLabels(
      labels_, [&](size_t label) { return counts[label] > 0 && counts[label] < kFewImages; });
  if (!few.empty()) {
    warnings.push_back({"TOO_FEW_IMAGES",
                        absl::StrCat(few, " stand on fewer than ", kFewImages, " training images"),
                        balanced()
                            ? "Ten or more a label are advised: read their figures with care."
                            : "Ten or more a label are advised; BALANCED class_weighting helps "
                              "labels that few images have."});
  }
  if (!validation.empty()) {
    const std::vector<int64_t> held_out = CountByLabel(validation);
    const std::string unseen =
        NameLabels(labels_, [&](size_t label) { return held_out[label] == 0; });
    if (!unseen.empty()) {
      warnings.push_back(
          {"LABEL_WITHOUT_VALIDATION",
           absl::StrCat(unseen,
                        " have no validation image, so what is learnt of them is not "
                        "judged and their thresholds stay at 0.5"),
           "Add images of them, or raise validation_fraction."});
    }
  }
  return warnings;
}

at::Tensor MultilabelTask::Loss(const at::Tensor& outputs, const at::Tensor& targets) const {
  return loss_->Mean(outputs, targets);
}

at::Tensor MultilabelTask::Strata(const at::Tensor& targets) const {
  const at::Tensor counts = targets.sum(0, /*keepdim=*/false, at::kLong);
  // The rarest label first; what a row does not have counts as more than any.
  const at::Tensor rarity =
      at::where(targets.ne(0), counts.unsqueeze(0), at::full({}, targets.size(0) + 1, at::kLong));
  const at::Tensor rarest = rarity.argmin(1);
  return at::where(targets.ne(0).any(1), rarest, at::full({}, outputs(), at::kLong)).contiguous();
}

std::unique_ptr<Meter> MultilabelTask::NewTrainingMeter() const {
  return std::make_unique<MicroF1Meter>();
}

std::unique_ptr<Evaluation> MultilabelTask::NewEvaluation() const {
  return std::make_unique<MultilabelEvaluation>(&labels_, &thresholds_);
}

absl::Status MultilabelTask::Calibrate(const at::Tensor& outputs, const at::Tensor& targets) {
  GRAFT_RETURN_IF_ERROR(loss_->CheckTargets(targets));
  const at::Tensor by_label = at::sigmoid(outputs).t().contiguous();  // [labels, rows]
  const at::Tensor truth = targets.t().contiguous();
  for (size_t label = 0; label < labels_.size(); ++label) {
    const auto at = static_cast<int64_t>(label);
    const float* const scores = by_label[at].data_ptr<float>();
    const uint8_t* const actual = truth[at].data_ptr<uint8_t>();
    std::vector<evaluation::ScoredAnswer> answers;
    for (int64_t row = 0; row < outputs.size(0); ++row) {
      answers.push_back({scores[row], actual[row] != 0});
    }
    thresholds_[label] = evaluation::BestF1Threshold(absl::MakeSpan(answers));
  }
  return absl::OkStatus();
}

std::string MultilabelTask::OutputsJson() const {
  return ToJson(MultilabelOutputs{labels_, thresholds_});
}

std::string MultilabelTask::Limits() const {
  return "Knows its own labels alone, and gives each by a threshold chosen for the best F1 on the "
         "validation part; where that part is also what the report is on, its F1 says somewhat too "
         "much. Figures hold for images like those it was trained and tested on.";
}

}  // namespace graft::tasks
