#include "core/tasks/multilabel/decoder.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

class MultilabelDecoder final : public Decoder {
 public:
  explicit MultilabelDecoder(MultilabelOutputs outputs) : outputs_(std::move(outputs)) {
    for (const std::string& label : outputs_.labels) {
      parts_.push_back({.name = label, .kinds = {"not given", "given"}});
    }
  }

  absl::string_view task() const override { return kMultilabelTask; }
  int64_t outputs() const override { return static_cast<int64_t>(outputs_.labels.size()); }

  absl::Status CheckOptions(const DecodeOptions* options) const override {
    if (options == nullptr) return absl::OkStatus();
    if (options->task() != kMultilabelTask) {
      return absl::InvalidArgumentError(absl::StrCat("they are of the task ", options->task(),
                                                     ", and the model is of ", kMultilabelTask));
    }
    for (const auto& [label, threshold] : ValuesOf(options).thresholds) {
      if (std::find(outputs_.labels.begin(), outputs_.labels.end(), label) ==
          outputs_.labels.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("thresholds: the model has no label \"", label, "\""));
      }
      if (!(threshold >= 0 && threshold <= 1)) {
        return absl::InvalidArgumentError(
            absl::StrCat("thresholds must be 0 to 1, not ", threshold));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<TaskOutput>> Decode(absl::Span<const float> row,
                                                     const DecodeOptions* options,
                                                     const InputContext&) const override {
    if (row.size() != outputs_.labels.size()) {
      return absl::InternalError(absl::StrCat("the network gave ", row.size(), " numbers for ",
                                              outputs_.labels.size(), " labels"));
    }
    const Values& asked = ValuesOf(options);
    std::vector<GivenLabel> labels;
    for (size_t i = 0; i < row.size(); ++i) {
      if (!std::isfinite(row[i])) {
        return absl::InternalError("the network gave numbers that are not finite");
      }
      const double probability = Probability(row[i]);
      const auto own = asked.thresholds.find(outputs_.labels[i]);
      const bool given =
          own == asked.thresholds.end() ? Given(i, probability) : probability >= own->second;
      if (!given && !asked.all_labels) continue;
      labels.push_back(
          {outputs_.labels[i], static_cast<float>(probability), static_cast<int>(i), given});
    }
    std::stable_sort(labels.begin(), labels.end(), [](const GivenLabel& a, const GivenLabel& b) {
      return a.probability > b.probability;
    });
    return std::make_unique<MultilabelOutput>(std::move(labels));
  }

  absl::StatusOr<int64_t> FindOutput(absl::string_view name,
                                     absl::Span<const float> row) const override {
    return FindNamedOutput(name, outputs_.labels, row);
  }
  std::string OutputName(int64_t output) const override { return outputs_.labels[output]; }

  const DecodeOptions* whole_answer() const override { return &all_; }

  // All the labels that are given.
  bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const override {
    for (size_t i = 0; i < outputs_.labels.size(); ++i) {
      if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return false;
      if (Given(i, Probability(a[i])) != Given(i, Probability(b[i]))) return false;
    }
    return true;
  }

  // Of each label whether it is given.
  const std::vector<AnswerPart>& answer_parts() const override { return parts_; }
  std::vector<double> ReadParts(absl::Span<const float> row) const override {
    std::vector<double> given(row.size());
    for (size_t i = 0; i < row.size(); ++i) given[i] = Given(i, Probability(row[i])) ? 1 : 0;
    return given;
  }

 private:
  using Values = MultilabelDecodeOptions::Values;

  static const Values& ValuesOf(const DecodeOptions* options) {
    static const Values kDefaults;
    return options == nullptr ? kDefaults
                              : static_cast<const MultilabelDecodeOptions*>(options)->values();
  }
  static double Probability(float logit) { return 1 / (1 + std::exp(-static_cast<double>(logit))); }
  bool Given(size_t label, double probability) const {
    return probability >= outputs_.thresholds[label];
  }

  const MultilabelOutputs outputs_;
  const MultilabelDecodeOptions all_{{.all_labels = true}};
  std::vector<AnswerPart> parts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Decoder>> MakeMultilabelDecoder(
    absl::string_view outputs_json) {
  GRAFT_ASSIGN_OR_RETURN(MultilabelOutputs outputs, MultilabelOutputsFromJson(outputs_json));
  return std::make_unique<const MultilabelDecoder>(std::move(outputs));
}

DecoderFactory MultilabelDecoderFactory() { return {kMultilabelTask, MakeMultilabelDecoder}; }

}  // namespace graft::tasks
