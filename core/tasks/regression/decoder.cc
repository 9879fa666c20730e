#include "core/tasks/regression/decoder.h"

#include <cmath>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

constexpr float kSameWithin = 0.05f;  // deviations

class RegressionDecoder final : public Decoder {
 public:
  explicit RegressionDecoder(RegressionOutputs outputs) : outputs_(std::move(outputs)) {
    for (const std::string& name : outputs_.names) parts_.push_back({.name = name, .kinds = {}});
  }

  absl::string_view task() const override { return kRegressionTask; }
  int64_t outputs() const override { return static_cast<int64_t>(outputs_.names.size()); }

  absl::Status CheckOptions(const DecodeOptions* options) const override {
    if (options == nullptr) return absl::OkStatus();
    if (options->task() != kRegressionTask) {
      return absl::InvalidArgumentError(absl::StrCat("they are of the task ", options->task(),
                                                     ", and the model is of ", kRegressionTask));
    }
    const std::optional<double> coverage = CoverageOf(options);
    if (!coverage.has_value()) return absl::OkStatus();
    if (outputs_.conformal.empty()) {
      return absl::InvalidArgumentError(
          "coverage: the model can promise none: it was made before models could, or with nothing "
          "held out");
    }
    if (*coverage > 0 && *coverage < 1) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("coverage must be above 0 and below 1, not ", *coverage));
  }

  absl::StatusOr<std::unique_ptr<TaskOutput>> Decode(absl::Span<const float> row,
                                                     const DecodeOptions* options,
                                                     const InputContext&) const override {
    if (row.size() != outputs_.names.size()) {
      return absl::InternalError(
          absl::StrCat("the network gave ", row.size(), " numbers for ", outputs_.names.size()));
    }
    const std::optional<double> coverage = CoverageOf(options);
    std::vector<NumberAnswer> numbers;
    for (size_t i = 0; i < row.size(); ++i) {
      const NumberScale& scale = outputs_.scales[i];
      const double value = NumberOf(i, row[i]);
      if (!std::isfinite(value)) {
        return absl::InternalError("the network gave numbers that are not finite");
      }
      NumberAnswer& number = numbers.emplace_back(NumberAnswer{outputs_.names[i], value});
      if (!coverage.has_value()) continue;
      const double error = evaluation::ScoreAt(outputs_.conformal[i], *coverage) * scale.deviation;
      number.range = {value - error, value + error};
    }
    return std::make_unique<RegressionOutput>(std::move(numbers));
  }

  absl::StatusOr<int64_t> FindOutput(absl::string_view name,
                                     absl::Span<const float> row) const override {
    if (name.empty()) return 0;  // numbers of different units say nothing of each other
    return FindNamedOutput(name, outputs_.names, row);
  }
  std::string OutputName(int64_t output) const override { return outputs_.names[output]; }

  const DecodeOptions* whole_answer() const override { return nullptr; }

  // Each number within a twentieth of its deviation in the training part: such an error takes at
  // most 0.0025 from R2.
  bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const override {
    for (size_t i = 0; i < outputs_.names.size(); ++i) {
      // Not ">": what is not a number is never the same.
      if (!(std::abs(a[i] - b[i]) <= kSameWithin)) return false;
    }
    return true;
  }

  // Each number.
  const std::vector<AnswerPart>& answer_parts() const override { return parts_; }
  std::vector<double> ReadParts(absl::Span<const float> row) const override {
    std::vector<double> numbers(row.size());
    for (size_t i = 0; i < row.size(); ++i) numbers[i] = NumberOf(i, row[i]);
    return numbers;
  }

 private:
  double NumberOf(size_t output, float value) const {
    const NumberScale& scale = outputs_.scales[output];
    return static_cast<double>(value) * scale.deviation + scale.mean;
  }

  static std::optional<double> CoverageOf(const DecodeOptions* options) {
    if (options == nullptr) return std::nullopt;
    return static_cast<const RegressionDecodeOptions*>(options)->coverage();
  }

  const RegressionOutputs outputs_;
  std::vector<AnswerPart> parts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Decoder>> MakeRegressionDecoder(
    absl::string_view outputs_json) {
  GRAFT_ASSIGN_OR_RETURN(RegressionOutputs outputs, RegressionOutputsFromJson(outputs_json));
  return std::make_unique<const RegressionDecoder>(std::move(outputs));
}

DecoderFactory RegressionDecoderFactory() { return {kRegressionTask, MakeRegressionDecoder}; }

}  // namespace graft::tasks
