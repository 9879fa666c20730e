#include "wire/tasks/classification.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/tasks/classification/outputs.h"
#include "wire/status.h"

namespace graft {
namespace {

constexpr int kDefaultTopK = 5;

class ClassificationTaskWire final : public TaskWire {
 public:
  absl::string_view name() const override { return kClassificationTask; }

  absl::StatusOr<v1::ModelOutputs> Outputs(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(const ClassificationOutputs outputs,
                           ClassificationOutputsFromJson(outputs_json));
    v1::ModelOutputs proto;
    v1::ClassificationOutputs* made = proto.mutable_classification();
    for (const std::string& label : outputs.labels) made->add_labels(label);
    if (outputs.temperature.has_value()) made->set_temperature(*outputs.temperature);
    return proto;
  }

  bool Summarise(const DatasetManifest& manifest, v1::DatasetSummary* summary) const override {
    v1::ClassificationSummary* made = summary->mutable_classification();
    for (const std::string& name : manifest.classes) made->add_classes()->set_name(name);
    for (const DatasetEntry& entry : manifest.entries) {
      v1::ClassCounts* counts = made->mutable_classes(entry.class_index);
      counts->set_images(counts->images() + 1);
      switch (entry.split) {
        case Split::kUnassigned:
          break;
        case Split::kTrain:
          counts->set_train_images(counts->train_images() + 1);
          break;
        case Split::kValidation:
          counts->set_validation_images(counts->validation_images() + 1);
          break;
        case Split::kTest:
          counts->set_test_images(counts->test_images() + 1);
          break;
      }
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
  std::vector<v1::ConfusionCell> cells;
  for (size_t i = 0; i < dense.size(); ++i) {
    if (dense[i] == 0) continue;
    v1::ConfusionCell& cell = cells.emplace_back();
    cell.set_true_class(static_cast<int32_t>(i / classes));
    cell.set_predicted_class(static_cast<int32_t>(i % classes));
    cell.set_images(dense[i]);
  }
  return CappedConfusion(std::move(cells));
}

v1::ConfusionMatrix CappedConfusion(std::vector<v1::ConfusionCell> cells) {
  const auto place = [](const v1::ConfusionCell& cell) {
    return std::pair(cell.true_class(), cell.predicted_class());
  };
  v1::ConfusionMatrix matrix;
  int64_t left_out = 0;
  for (const v1::ConfusionCell& cell : cells) left_out += cell.images();
  if (cells.size() > kMaxConfusionCells) {
    std::erase_if(cells, [](const v1::ConfusionCell& cell) {
      return cell.true_class() == cell.predicted_class();
    });
  }
  if (cells.size() > kMaxConfusionCells) {
    const auto first_left_out = cells.begin() + kMaxConfusionCells;
    std::nth_element(cells.begin(), first_left_out, cells.end(),
                     [&](const v1::ConfusionCell& a, const v1::ConfusionCell& b) {
                       return std::pair(-a.images(), place(a)) < std::pair(-b.images(), place(b));
                     });
    cells.erase(first_left_out, cells.end());
    std::sort(cells.begin(), cells.end(),
              [&](const v1::ConfusionCell& a, const v1::ConfusionCell& b) {
                return place(a) < place(b);
              });
  }
  for (v1::ConfusionCell& cell : cells) {
    left_out -= cell.images();
    *matrix.add_cells() = std::move(cell);
  }
  matrix.set_left_out_images(left_out);
  return matrix;
}

v1::ClassificationReport ToProto(const ClassificationReport& report) {
  v1::ClassificationReport proto;
  proto.set_split(report.split);
  proto.set_images(report.images);
  proto.set_accuracy(report.accuracy);
  proto.set_macro_f1(report.macro_f1);
  proto.set_loss(report.loss);
  proto.set_calibration_error(report.calibration_error);
  for (const ClassScore& score : report.classes) {
    v1::ClassScore* made = proto.add_classes();
    made->set_class_name(score.class_name);
    made->set_precision(score.precision);
    made->set_recall(score.recall);
    made->set_f1(score.f1);
    made->set_images(score.images);
  }
  *proto.mutable_confusion() = CappedConfusion(report.confusion, report.class_names.size());
  return proto;
}

v1::Classification ToProto(absl::Span<const LabelScore> scores) {
  v1::Classification proto;
  for (const LabelScore& score : scores) {
    v1::LabelScore* label = proto.add_labels();
    label->set_label(score.label);
    label->set_probability(score.probability);
    label->set_index(score.index);
  }
  return proto;
}

absl::Status ReadOptions(const v1::ClassificationPredictOptions& options, PredictRequest* request) {
  if (options.top_k() < 0) {
    return InvalidField("options.classification.top_k", "must not be negative");
  }
  request->top_k = options.top_k() == 0 ? kDefaultTopK : options.top_k();
  return absl::OkStatus();
}

}  // namespace graft
