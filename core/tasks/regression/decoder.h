#ifndef GRAFT_CORE_TASKS_REGRESSION_DECODER_H_
#define GRAFT_CORE_TASKS_REGRESSION_DECODER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "core/tasks/decoder.h"
#include "core/tasks/decoders.h"
#include "core/tasks/regression/outputs.h"

namespace graft::tasks {

struct NumberAnswer {
  std::string name;
  double value = 0;  // in the user's units
  // Where a coverage was asked for: between which the true value is so often. Infinite where too
  // little was held out to promise it.
  std::optional<std::pair<double, double>> range = {};
};

// The numbers of one input, in the order of the dataset's columns.
class RegressionOutput final : public TaskOutput {
 public:
  explicit RegressionOutput(std::vector<NumberAnswer> numbers) : numbers_(std::move(numbers)) {}
  absl::string_view task() const override { return kRegressionTask; }
  const std::vector<NumberAnswer>& numbers() const { return numbers_; }

 private:
  const std::vector<NumberAnswer> numbers_;
};

class RegressionDecodeOptions final : public DecodeOptions {
 public:
  // Of the ranges, above 0 and below 1; without it there are none.
  explicit RegressionDecodeOptions(std::optional<double> coverage = {}) : coverage_(coverage) {}
  absl::string_view task() const override { return kRegressionTask; }
  std::optional<double> coverage() const { return coverage_; }

 private:
  const std::optional<double> coverage_;
};

// From RegressionOutputs as JSON. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<std::unique_ptr<const Decoder>> MakeRegressionDecoder(
    absl::string_view outputs_json);

// For the list of a program that serves this task.
DecoderFactory RegressionDecoderFactory();

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_REGRESSION_DECODER_H_
