#include "core/tasks/classification/decoder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

constexpr double kLeastExponent = -128;  // exp of less is 0 as a float

bool AllFinite(absl::Span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); });
}

class ClassificationDecoder final : public Decoder {
 public:
  explicit ClassificationDecoder(ClassificationOutputs outputs)
      : labels_(std::move(outputs.labels)),
        temperature_(outputs.temperature.value_or(1.0)),
        all_(std::max(1, static_cast<int>(labels_.size()))) {}

  absl::string_view task() const override { return kClassificationTask; }
  int64_t outputs() const override { return static_cast<int64_t>(labels_.size()); }

  absl::Status CheckOptions(const DecodeOptions* options) const override {
    if (options == nullptr) return absl::OkStatus();
    if (options->task() != kClassificationTask) {
      return absl::InvalidArgumentError(absl::StrCat("they are of the task ", options->task(),
                                                     ", and the model is a classifier"));
    }
    const int top_k = static_cast<const ClassificationDecodeOptions*>(options)->top_k();
    if (top_k < 1) {
      return absl::InvalidArgumentError(absl::StrCat("top_k must be at least 1, not ", top_k));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<TaskOutput>> Decode(absl::Span<const float> row,
                                                     const DecodeOptions* options) const override {
    if (row.size() != labels_.size()) {
      return absl::InternalError(absl::StrCat("the network gave ", row.size(), " numbers for ",
                                              labels_.size(), " classes"));
    }
    if (!AllFinite(row)) {
      return absl::InternalError("the network gave numbers that are not finite");
    }
    const int top_k = options == nullptr
                          ? ClassificationDecodeOptions::kDefaultTopK
                          : static_cast<const ClassificationDecodeOptions*>(options)->top_k();
    // softmax_i = exp((x_i - max) / T) / sum_j exp((x_j - max) / T): the same number, and no
    // exponent overflows.
    const float largest = *std::max_element(row.begin(), row.end());
    std::vector<float> exponentials(row.size());
    double sum = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      const double exponent = (static_cast<double>(row[i]) - largest) / temperature_;
      exponentials[i] = std::exp(static_cast<float>(std::max(exponent, kLeastExponent)));
      sum += exponentials[i];
    }

    std::vector<int> order(row.size());
    std::iota(order.begin(), order.end(), 0);
    const size_t count = std::min<size_t>(static_cast<size_t>(top_k), order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                      [&](int a, int b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    std::vector<LabelScore> scores;
    scores.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const int index = order[i];
      scores.push_back({labels_[index], static_cast<float>(exponentials[index] / sum), index});
    }
    return std::make_unique<ClassificationOutput>(std::move(scores));
  }

  const DecodeOptions* whole_answer() const override { return &all_; }

  // The most probable class.
  bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const override {
    if (!AllFinite(a) || !AllFinite(b)) return false;
    return std::max_element(a.begin(), a.end()) - a.begin() ==
           std::max_element(b.begin(), b.end()) - b.begin();
  }

 private:
  const std::vector<std::string> labels_;
  const double temperature_;
  const ClassificationDecodeOptions all_;
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
