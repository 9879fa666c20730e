#include "core/tasks/classification/decoder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/finite.h"
#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

constexpr double kLeastExponent = -128;  // exp of less is 0 as a float

absl::Status CheckShare(absl::string_view field, double value, bool open) {
  const bool good = open ? value > 0 && value < 1 : value >= 0 && value <= 1;
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, open ? " must be above 0 and below 1, not " : " must be 0 to 1, not ", value));
}

class ClassificationDecoder final : public Decoder {
 public:
  explicit ClassificationDecoder(ClassificationOutputs outputs)
      : outputs_(std::move(outputs)),
        all_({.top_k = std::max(1, static_cast<int>(outputs_.labels.size()))}),
        parts_({{.name = "", .kinds = outputs_.labels}}) {}

  absl::string_view task() const override { return kClassificationTask; }
  int64_t outputs() const override { return static_cast<int64_t>(outputs_.labels.size()); }

  absl::Status CheckOptions(const DecodeOptions* options) const override {
    if (options == nullptr) return absl::OkStatus();
    if (options->task() != kClassificationTask) {
      return absl::InvalidArgumentError(absl::StrCat("they are of the task ", options->task(),
                                                     ", and the model is a classifier"));
    }
    const Values& asked = ValuesOf(options);
    if (asked.top_k < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("top_k must be at least 1, not ", asked.top_k));
    }
    for (const auto& [label, threshold] : asked.thresholds) {
      if (std::find(outputs_.labels.begin(), outputs_.labels.end(), label) ==
          outputs_.labels.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("thresholds: the model has no label \"", label, "\""));
      }
      GRAFT_RETURN_IF_ERROR(CheckShare("thresholds", threshold, /*open=*/false));
    }
    if (asked.threshold.has_value()) {
      GRAFT_RETURN_IF_ERROR(CheckShare("threshold", *asked.threshold, /*open=*/false));
    }
    if (!asked.coverage.has_value()) return absl::OkStatus();
    if (!outputs_.conformal.has_value()) {
      return absl::InvalidArgumentError(
          "coverage: the model can promise none: it was made before models could, or with nothing "
          "held out");
    }
    return CheckShare("coverage", *asked.coverage, /*open=*/true);
  }

  absl::StatusOr<std::unique_ptr<TaskOutput>> Decode(absl::Span<const float> row,
                                                     const DecodeOptions* options,
                                                     const InputContext& context) const override {
    if (row.size() != outputs_.labels.size()) {
      return absl::InternalError(absl::StrCat("the network gave ", row.size(), " numbers for ",
                                              outputs_.labels.size(), " classes"));
    }
    if (!AllFinite(row)) {
      return absl::InternalError("the network gave numbers that are not finite");
    }
    const Values& asked = ValuesOf(options);
    const std::vector<float> probabilities = Probabilities(row);
    // Of a set it is not known beforehand how many it takes.
    const size_t count = asked.coverage.has_value()
                             ? row.size()
                             : std::min<size_t>(static_cast<size_t>(asked.top_k), row.size());
    std::vector<int> order(row.size());
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                      [&](int a, int b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    ClassificationOutput::Parts parts;
    const size_t told = std::min<size_t>(static_cast<size_t>(asked.top_k), count);
    parts.scores.reserve(told);
    for (size_t i = 0; i < told; ++i) {
      const int index = order[i];
      parts.scores.push_back({outputs_.labels[index], probabilities[index], index});
    }
    if (asked.coverage.has_value()) {
      const double least = 1 - evaluation::ScoreAt(*outputs_.conformal, *asked.coverage);
      for (const int index : order) {
        if (!parts.prediction_set.empty() && probabilities[index] < least) break;
        parts.prediction_set.push_back(outputs_.labels[index]);
      }
    }
    if (asked.abstain_if_unknown && context.unknown) {
      parts.abstention = Abstention::kUnknown;
    } else if (probabilities[order[0]] < ThresholdOf(order[0], asked)) {
      parts.abstention = Abstention::kBelowThreshold;
    }
    return std::make_unique<ClassificationOutput>(std::move(parts));
  }

  absl::StatusOr<int64_t> FindOutput(absl::string_view name,
                                     absl::Span<const float> row) const override {
    return FindNamedOutput(name, outputs_.labels, row);
  }
  std::string OutputName(int64_t output) const override { return outputs_.labels[output]; }

  const DecodeOptions* whole_answer() const override { return &all_; }

  // The most probable class, and whether it is an answer.
  bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const override {
    if (!AllFinite(a) || !AllFinite(b)) return false;
    const auto best = std::max_element(a.begin(), a.end()) - a.begin();
    if (best != std::max_element(b.begin(), b.end()) - b.begin()) return false;
    if (outputs_.thresholds.empty()) return true;
    const double threshold = outputs_.thresholds[best];
    return (Probabilities(a)[best] < threshold) == (Probabilities(b)[best] < threshold);
  }

  // The most probable class.
  const std::vector<AnswerPart>& answer_parts() const override { return parts_; }
  std::vector<double> ReadParts(absl::Span<const float> row) const override {
    return {static_cast<double>(std::max_element(row.begin(), row.end()) - row.begin())};
  }

 private:
  using Values = ClassificationDecodeOptions::Values;

  static const Values& ValuesOf(const DecodeOptions* options) {
    static const Values kDefaults;
    return options == nullptr ? kDefaults
                              : static_cast<const ClassificationDecodeOptions*>(options)->values();
  }

  // softmax_i = exp((x_i - max) / T) / sum_j exp((x_j - max) / T): the same number, and no exponent
  // overflows.
  std::vector<float> Probabilities(absl::Span<const float> row) const {
    const double temperature = outputs_.temperature.value_or(1.0);
    const float largest = *std::max_element(row.begin(), row.end());
    std::vector<float> probabilities(row.size());
    double sum = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      const double exponent = (static_cast<double>(row[i]) - largest) / temperature;
      probabilities[i] = std::exp(static_cast<float>(std::max(exponent, kLeastExponent)));
      sum += probabilities[i];
    }
    for (float& probability : probabilities) probability = static_cast<float>(probability / sum);
    return probabilities;
  }

  double ThresholdOf(int index, const Values& asked) const {
    const auto own = asked.thresholds.find(outputs_.labels[index]);
    if (own != asked.thresholds.end()) return own->second;
    if (asked.threshold.has_value()) return *asked.threshold;
    return outputs_.thresholds.empty() ? 0 : outputs_.thresholds[index];
  }

  const ClassificationOutputs outputs_;
  const ClassificationDecodeOptions all_;
  const std::vector<AnswerPart> parts_;
};

}  // namespace

std::unique_ptr<const Decoder> MakeClassificationDecoder(ClassificationOutputs outputs) {
  return std::make_unique<const ClassificationDecoder>(std::move(outputs));
}

DecoderFactory ClassificationDecoderFactory() {
  return {kClassificationTask,
          [](absl::string_view outputs_json) -> absl::StatusOr<std::unique_ptr<const Decoder>> {
            GRAFT_ASSIGN_OR_RETURN(ClassificationOutputs outputs,
                                   ClassificationOutputsFromJson(outputs_json));
            return MakeClassificationDecoder(std::move(outputs));
          }};
}

}  // namespace graft::tasks
