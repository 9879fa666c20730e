#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_OUTPUTS_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_OUTPUTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/evaluation/conformal.h"
#include "core/model/model_description.h"

namespace graft::tasks {

inline constexpr char kClassificationTask[] = "classification";

// What the logits of a classifier mean: the `outputs` of its ModelDescription. No LibTorch.
struct ClassificationOutputs {
  std::vector<std::string> labels;  // class names, in the order of the logits
  // Divides the logits before softmax (Guo et al. 2017); absent: 1.
  std::optional<double> temperature;
  // For each label the probability below which it is no answer; empty: every one is.
  std::vector<double> thresholds = {};
  // 1 - p of the true label, of the validation part; absent where nothing was held out.
  std::optional<evaluation::ConformalScores> conformal = {};

  friend bool operator==(const ClassificationOutputs&, const ClassificationOutputs&) = default;
};

// INVALID_ARGUMENT where there are fewer than two labels, one comes twice, the temperature is not
// above 0, or there is another number of thresholds or one that is no probability.
absl::Status Validate(const ClassificationOutputs& outputs);

// {"labels":["cat","dog"],"temperature":1.5,"thresholds":[0.8,0.6],
//  "conformal":{"examples":75,"scores":[...]}}, without what is absent
std::string ToJson(const ClassificationOutputs& outputs);
// The inverse; validates. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<ClassificationOutputs> ClassificationOutputsFromJson(absl::string_view json);

// Those of a classifier. INVALID_ARGUMENT where it is of another task, or its head does not give
// one number a label.
absl::StatusOr<ClassificationOutputs> ClassificationOutputsOf(
    const model::ModelDescription& description);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_OUTPUTS_H_
