#include "wire/tasks/regression.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

#include "core/base/status_macros.h"
#include "core/tasks/regression/decoder.h"
#include "core/tasks/regression/outputs.h"
#include "wire/tasks/image_counts.h"

namespace graft::wire {
namespace {

constexpr char kTensorName[] = "values";
constexpr size_t kMostInWords = 4;  // numbers

class RegressionTaskWire final : public TaskWire {
 public:
  absl::string_view name() const override { return tasks::kRegressionTask; }

  absl::StatusOr<v1::ModelOutputs> Outputs(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(const tasks::RegressionOutputs outputs,
                           tasks::RegressionOutputsFromJson(outputs_json));
    v1::ModelOutputs proto;
    for (size_t i = 0; i < outputs.names.size(); ++i) {
      v1::NumberScale* made = proto.mutable_regression()->add_numbers();
      made->set_name(outputs.names[i]);
      made->set_mean(outputs.scales[i].mean);
      made->set_deviation(outputs.scales[i].deviation);
    }
    if (!outputs.conformal.empty()) {
      proto.mutable_regression()->set_coverage_images(outputs.conformal.front().examples);
    }
    return proto;
  }

  v1::TaskOutput Output(const tasks::TaskOutput& output) const override {
    v1::TaskOutput proto;
    v1::Regression* const made = proto.mutable_regression();
    for (const tasks::NumberAnswer& number :
         static_cast<const tasks::RegressionOutput&>(output).numbers()) {
      v1::NumberValue* const one = made->add_numbers();
      one->set_name(number.name);
      one->set_value(number.value);
      if (!number.range.has_value()) continue;
      one->set_low(number.range->first);
      one->set_high(number.range->second);
    }
    return proto;
  }

  FirstAnswer First(const tasks::TaskOutput& output) const override {
    const auto& numbers = static_cast<const tasks::RegressionOutput&>(output).numbers();
    const auto shown = absl::MakeConstSpan(numbers).subspan(0, kMostInWords);
    return {absl::StrJoin(shown, ", ",
                          [](std::string* text, const tasks::NumberAnswer& number) {
                            absl::StrAppend(text, number.name, " ", number.value);
                          }),
            {}};
  }

  absl::StatusOr<std::shared_ptr<const tasks::DecodeOptions>> PredictOptions(
      const v1::PredictOptions& options) const override {
    const v1::RegressionPredictOptions& given = options.regression();
    return std::make_shared<const tasks::RegressionDecodeOptions>(
        given.has_coverage() ? std::optional(given.coverage()) : std::nullopt);
  }

  AnswerTensor Tensor(const tasks::TaskOutput& whole, bool with_labels) const override {
    AnswerTensor tensor{kTensorName, {}, {}};
    for (const tasks::NumberAnswer& number :
         static_cast<const tasks::RegressionOutput&>(whole).numbers()) {
      tensor.values.push_back(static_cast<float>(number.value));
      if (with_labels) tensor.labels.push_back(number.name);
    }
    return tensor;
  }
  absl::StatusOr<AnswerTensor> TensorOf(absl::string_view outputs_json) const override {
    GRAFT_ASSIGN_OR_RETURN(tasks::RegressionOutputs outputs,
                           tasks::RegressionOutputsFromJson(outputs_json));
    return AnswerTensor{kTensorName, {}, std::move(outputs.names)};
  }

  bool Summarise(const data::DatasetManifest& manifest,
                 v1::DatasetSummary* summary) const override {
    if (manifest.targets != data::TargetKind::kNumbers) return false;
    v1::RegressionSummary* made = summary->mutable_regression();
    for (size_t i = 0; i < manifest.numbers.size(); ++i) {
      v1::NumberRange* range = made->add_numbers();
      range->set_name(manifest.numbers[i]);
      double smallest = std::numeric_limits<double>::infinity();
      double largest = -smallest;
      double mean = 0;
      double seen = 0;
      for (const data::DatasetEntry& entry : manifest.entries) {
        const double value = entry.numbers[i];
        smallest = std::min(smallest, value);
        largest = std::max(largest, value);
        mean += (value - mean) / ++seen;  // never beyond the largest, whatever their sum
      }
      if (seen == 0) continue;
      range->set_smallest(smallest);
      range->set_largest(largest);
      range->set_mean(mean);
    }
    *made->mutable_images() = CountImages(manifest);
    return true;
  }

  std::string Headline(const v1::DatasetSummary& summary) const override {
    const int numbers = summary.regression().numbers_size();
    return absl::StrCat(numbers, numbers == 1 ? " number" : " numbers");
  }

  absl::Status CheckTrainable(const v1::DatasetSummary& summary) const override {
    const auto& numbers = summary.regression().numbers();
    const bool any = std::any_of(numbers.begin(), numbers.end(), [](const auto& range) {
      return range.smallest() < range.largest();
    });
    if (any) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "every image of the dataset has the same numbers: there is nothing to learn");
  }

  int64_t OutputsOf(const v1::DatasetSummary& summary) const override {
    return summary.regression().numbers_size();
  }

  HeldOut HeldOutOf(const v1::DatasetSummary& summary) const override {
    return graft::wire::HeldOutOf(summary.regression().images());
  }
};

}  // namespace

const TaskWire& RegressionWire() {
  static const RegressionTaskWire wire;
  return wire;
}

}  // namespace graft::wire
