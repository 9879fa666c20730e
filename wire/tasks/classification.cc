#include "wire/tasks/classification.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/evaluation/confusion.h"
#include "core/tasks/classification/decoder.h"
#include "core/tasks/classification/outputs.h"
#include "wire/status.h"
#include "wire/tasks/image_counts.h"

namespace graft::wire {
namespace {

constexpr char kTensorName[] = "probabilities";

v1::Abstention ToProto(tasks::Abstention abstention) {
  switch (abstention) {
    case tasks::Abstention::kNone:
      break;
    case tasks::Abstention::kBelowThreshold:
      return v1::ABSTENTION_BELOW_THRESHOLD;
    case tasks::Abstention::kUnknown:
      return v1::ABSTENTION_UNKNOWN;
  }
  return v1::ABSTENTION_UNSPECIFIED;
}

class ClassificationTaskWire final : public TaskWire {
 public:
  absl::string_view name() const override { return tasks::kClassificationTask; }

  absl::StatusOr<v1::ModelOutputs> Outputs(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(const tasks::ClassificationOutputs outputs,
                           tasks::ClassificationOutputsFromJson(outputs_json));
    v1::ModelOutputs proto;
    v1::ClassificationOutputs* made = proto.mutable_classification();
    for (const std::string& label : outputs.labels) made->add_labels(label);
    if (outputs.temperature.has_value()) made->set_temperature(*outputs.temperature);
    for (const double threshold : outputs.thresholds) made->add_thresholds(threshold);
    if (outputs.conformal.has_value()) made->set_coverage_images(outputs.conformal->examples);
    return proto;
  }

  v1::TaskOutput Output(const tasks::TaskOutput& output) const override {
    v1::TaskOutput proto;
    v1::Classification* const made = proto.mutable_classification();
    const auto& answer = static_cast<const tasks::ClassificationOutput&>(output);
    made->set_answer(std::string(answer.answer()));
    made->set_abstention(ToProto(answer.abstention()));
    for (const std::string& label : answer.prediction_set()) made->add_prediction_set(label);
    for (const tasks::LabelScore& score : answer.scores()) {
      v1::LabelScore* const label = made->add_labels();
      label->set_label(score.label);
      label->set_probability(score.probability);
      label->set_index(score.index);
    }
    return proto;
  }

  FirstAnswer First(const tasks::TaskOutput& output) const override {
    const auto& scores = static_cast<const tasks::ClassificationOutput&>(output).scores();
    if (scores.empty()) return {"", 0};
    return {scores.front().label, scores.front().probability};
  }

  absl::StatusOr<std::shared_ptr<const tasks::DecodeOptions>> PredictOptions(
      const v1::PredictOptions& options) const override {
    const v1::ClassificationPredictOptions& given = options.classification();
    if (given.top_k() < 0) {
      return InvalidField("options.classification.top_k", "must not be negative");
    }
    tasks::ClassificationDecodeOptions::Values values;
    if (given.top_k() > 0) values.top_k = given.top_k();
    values.thresholds.insert(given.thresholds().begin(), given.thresholds().end());
    if (given.has_threshold()) values.threshold = given.threshold();
    values.abstain_if_unknown = given.abstain_if_unknown();
    if (given.has_coverage()) values.coverage = given.coverage();
    return std::make_shared<const tasks::ClassificationDecodeOptions>(std::move(values));
  }

  AnswerTensor Tensor(const tasks::TaskOutput& whole, bool with_labels) const override {
    const auto& scores = static_cast<const tasks::ClassificationOutput&>(whole).scores();
    AnswerTensor tensor{kTensorName, std::vector<float>(scores.size()), {}};
    if (with_labels) tensor.labels.resize(scores.size());
    for (const tasks::LabelScore& score : scores) {
      tensor.values[score.index] = score.probability;
      if (with_labels) tensor.labels[score.index] = score.label;
    }
    return tensor;
  }
  absl::StatusOr<AnswerTensor> TensorOf(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(tasks::ClassificationOutputs outputs,
                           tasks::ClassificationOutputsFromJson(outputs_json));
    return AnswerTensor{kTensorName, {}, std::move(outputs.labels)};
  }

  bool Summarise(const data::DatasetManifest& manifest,
                 v1::DatasetSummary* summary) const override {
    if (manifest.targets != data::TargetKind::kClass) return false;
    v1::ClassificationSummary* made = summary->mutable_classification();
    for (const std::string& name : manifest.classes) made->add_classes()->set_name(name);
    for (const data::DatasetEntry& entry : manifest.entries) {
      CountImage(entry.split, made->mutable_classes(entry.class_index));
    }
    return true;
  }

  std::string Headline(const v1::DatasetSummary& summary) const override {
    const int classes = summary.classification().classes_size();
    return absl::StrCat(classes, classes == 1 ? " class" : " classes");
  }

  absl::Status CheckTrainable(const v1::DatasetSummary& summary) const override {
    const auto& classes = summary.classification().classes();
    const auto filled = std::count_if(classes.begin(), classes.end(),
                                      [](const auto& counts) { return counts.images() > 0; });
    if (filled >= 2) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "the dataset has ", filled, " class with images; telling images apart takes two or more"));
  }

  int64_t OutputsOf(const v1::DatasetSummary& summary) const override {
    return summary.classification().classes_size();
  }

  HeldOut HeldOutOf(const v1::DatasetSummary& summary) const override {
    HeldOut held_out;
    for (const v1::ClassCounts& counts : summary.classification().classes()) {
      held_out.validation_images += counts.validation_images();
      held_out.test_images += counts.test_images();
    }
    return held_out;
  }
};

}  // namespace

const TaskWire& ClassificationWire() {
  static const ClassificationTaskWire wire;
  return wire;
}

v1::ConfusionMatrix CappedConfusion(absl::Span<const int64_t> dense, size_t classes) {
  std::vector<evaluation::ConfusionCell> cells;
  for (size_t i = 0; i < dense.size(); ++i) {
    if (dense[i] == 0) continue;
    cells.push_back({static_cast<int>(i / classes), static_cast<int>(i % classes), dense[i]});
  }
  const evaluation::ConfusionCells kept =
      evaluation::KeepMostConfused(std::move(cells), evaluation::kMaxReportCells);
  v1::ConfusionMatrix matrix;
  for (const evaluation::ConfusionCell& cell : kept.cells) {
    v1::ConfusionCell* const made = matrix.add_cells();
    made->set_true_class(cell.true_class);
    made->set_predicted_class(cell.predicted_class);
    made->set_images(cell.count);
  }
  matrix.set_left_out_images(kept.left_out);
  return matrix;
}

}  // namespace graft::wire
