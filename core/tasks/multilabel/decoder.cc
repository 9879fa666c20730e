#include "core/tasks/multilabel/decoder.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

class MultilabelDecoder final : public Decoder {
 public:
  explicit MultilabelDecoder(MultilabelOutputs outputs) : outputs_(std::move(outputs)) {}

  absl::string_view task() const override { return kMultilabelTask; }
  int64_t outputs() const override { return static_cast<int64_t>(outputs_.labels.size()); }

  absl::Status CheckOptions(const DecodeOptions* options) const override {
    if (options == nullptr || options->task() == kMultilabelTask) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("options: are of the task ", options->task(),
                                                   ", and the model is of ", kMultilabelTask));
  }

  absl::StatusOr<std::unique_ptr<TaskOutput>> Decode(absl::Span<const float> row,
                                                     const DecodeOptions* options) const override {
    if (row.size() != outputs_.labels.size()) {
      return absl::InternalError(absl::StrCat("the network gave ", row.size(), " numbers for ",
                                              outputs_.labels.size(), " labels"));
    }
    const bool all =
        options != nullptr && static_cast<const MultilabelDecodeOptions*>(options)->all_labels();
    std::vector<GivenLabel> labels;
    for (size_t i = 0; i < row.size(); ++i) {
      if (!std::isfinite(row[i])) {
        return absl::InternalError("the network gave numbers that are not finite");
      }
      const double probability = Probability(row[i]);
      const bool given = Given(i, probability);
      if (!given && !all) continue;
      labels.push_back(
          {outputs_.labels[i], static_cast<float>(probability), static_cast<int>(i), given});
    }
    std::stable_sort(labels.begin(), labels.end(), [](const GivenLabel& a, const GivenLabel& b) {
      return a.probability > b.probability;
    });
    return std::make_unique<MultilabelOutput>(std::move(labels));
  }

  const DecodeOptions* whole_answer() const override { return &all_; }

  // All the labels that are given.
  bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const override {
    for (size_t i = 0; i < outputs_.labels.size(); ++i) {
      if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return false;
      if (Given(i, Probability(a[i])) != Given(i, Probability(b[i]))) return false;
    }
    return true;
  }

 private:
  static double Probability(float logit) { return 1 / (1 + std::exp(-static_cast<double>(logit))); }
  bool Given(size_t label, double probability) const {
    return probability >= outputs_.thresholds[label];
  }

  const MultilabelOutputs outputs_;
  const MultilabelDecodeOptions all_{/*all_labels=*/true};
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Decoder>> MakeMultilabelDecoder(
    absl::string_view outputs_json) {
  GRAFT_ASSIGN_OR_RETURN(MultilabelOutputs outputs, MultilabelOutputsFromJson(outputs_json));
  return std::make_unique<const MultilabelDecoder>(std::move(outputs));
}

DecoderFactory MultilabelDecoderFactory() { return {kMultilabelTask, MakeMultilabelDecoder}; }

}  // namespace graft::tasks
