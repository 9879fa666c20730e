#include "wire/tasks/multilabel.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/tasks/multilabel/decoder.h"
#include "core/tasks/multilabel/outputs.h"
#include "wire/tasks/image_counts.h"

namespace graft::wire {
namespace {

constexpr char kTensorName[] = "probabilities";

// Training holds a byte for every label of every image.
constexpr int64_t kMaxTargets = int64_t{1} << 30;

class MultilabelTaskWire final : public TaskWire {
 public:
  absl::string_view name() const override { return tasks::kMultilabelTask; }

  absl::StatusOr<v1::ModelOutputs> Outputs(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(const tasks::MultilabelOutputs outputs,
                           tasks::MultilabelOutputsFromJson(outputs_json));
    v1::ModelOutputs proto;
    v1::MultilabelOutputs* made = proto.mutable_multilabel();
    for (const std::string& label : outputs.labels) made->add_labels(label);
    for (double threshold : outputs.thresholds) made->add_thresholds(threshold);
    return proto;
  }

  v1::TaskOutput Output(const tasks::TaskOutput& output) const override {
    v1::TaskOutput proto;
    v1::Multilabel* const made = proto.mutable_multilabel();
    for (const tasks::GivenLabel& label :
         static_cast<const tasks::MultilabelOutput&>(output).labels()) {
      v1::GivenLabel* const one = made->add_labels();
      one->set_label(label.label);
      one->set_probability(label.probability);
      one->set_index(label.index);
      one->set_given(label.given);
    }
    return proto;
  }

  FirstAnswer First(const tasks::TaskOutput& output) const override {
    for (const tasks::GivenLabel& label :
         static_cast<const tasks::MultilabelOutput&>(output).labels()) {
      if (label.given) return {label.label, label.probability};
    }
    return {"", 0};
  }

  absl::StatusOr<std::shared_ptr<const tasks::DecodeOptions>> PredictOptions(
      const v1::PredictOptions& options) const override {
    const v1::MultilabelPredictOptions& given = options.multilabel();
    return std::make_shared<const tasks::MultilabelDecodeOptions>(
        tasks::MultilabelDecodeOptions::Values{
            given.all_labels(), {given.thresholds().begin(), given.thresholds().end()}});
  }

  AnswerTensor Tensor(const tasks::TaskOutput& whole, bool with_labels) const override {
    const auto& labels = static_cast<const tasks::MultilabelOutput&>(whole).labels();
    AnswerTensor tensor{kTensorName, std::vector<float>(labels.size()), {}};
    if (with_labels) tensor.labels.resize(labels.size());
    for (const tasks::GivenLabel& label : labels) {
      tensor.values[label.index] = label.probability;
      if (with_labels) tensor.labels[label.index] = label.label;
    }
    return tensor;
  }
  absl::StatusOr<AnswerTensor> TensorOf(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(tasks::MultilabelOutputs outputs,
                           tasks::MultilabelOutputsFromJson(outputs_json));
    return AnswerTensor{kTensorName, {}, std::move(outputs.labels)};
  }

  bool Summarise(const data::DatasetManifest& manifest,
                 v1::DatasetSummary* summary) const override {
    if (manifest.targets != data::TargetKind::kLabels) return false;
    v1::MultilabelSummary* made = summary->mutable_multilabel();
    for (const std::string& name : manifest.classes) made->add_labels()->set_name(name);
    for (const data::DatasetEntry& entry : manifest.entries) {
      for (int label : entry.labels) CountImage(entry.split, made->mutable_labels(label));
    }
    *made->mutable_images() = CountImages(manifest);
    return true;
  }

  std::string Headline(const v1::DatasetSummary& summary) const override {
    const int labels = summary.multilabel().labels_size();
    return absl::StrCat(labels, labels == 1 ? " label" : " labels");
  }

  absl::Status CheckTrainable(const v1::DatasetSummary& summary) const override {
    const int64_t images = summary.multilabel().images().images();
    const auto& labels = summary.multilabel().labels();
    if (labels.size() * images > kMaxTargets) {
      return absl::InvalidArgumentError(
          absl::StrCat("the dataset has ", images, " images with ", labels.size(),
                       " labels; images x labels may be ", kMaxTargets,
                       ": leave out labels that few images have"));
    }
    const bool any = std::any_of(labels.begin(), labels.end(), [&](const auto& counts) {
      return counts.images() > 0 && counts.images() < images;
    });
    if (any) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "the dataset has no label that some images have and others have not: there is nothing to "
        "tell apart");
  }

  int64_t OutputsOf(const v1::DatasetSummary& summary) const override {
    return summary.multilabel().labels_size();
  }

  HeldOut HeldOutOf(const v1::DatasetSummary& summary) const override {
    return graft::wire::HeldOutOf(summary.multilabel().images());
  }
};

}  // namespace

const TaskWire& MultilabelWire() {
  static const MultilabelTaskWire wire;
  return wire;
}

}  // namespace graft::wire
