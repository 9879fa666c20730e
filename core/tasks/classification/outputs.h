#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_OUTPUTS_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_OUTPUTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/model/model_description.h"

namespace graft::tasks {

inline constexpr char kClassificationTask[] = "classification";

// What the logits of a classifier mean: the `outputs` of its ModelDescription. No LibTorch.
struct ClassificationOutputs {
  std::vector<std::string> labels;  // class names, in the order of the logits
  // Divides the logits before softmax (Guo et al. 2017); absent: 1.
  std::optional<double> temperature;

  friend bool operator==(const ClassificationOutputs&, const ClassificationOutputs&) = default;
};

// INVALID_ARGUMENT where there are fewer than two labels, one comes twice, or the temperature is
// not above 0.
absl::Status Validate(const ClassificationOutputs& outputs);

// {"labels":["cat","dog"],"temperature":1.5}
std::string ToJson(const ClassificationOutputs& outputs);
// The inverse; validates. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<ClassificationOutputs> ClassificationOutputsFromJson(absl::string_view json);

// Those of a classifier. INVALID_ARGUMENT where it is of another task, or its head does not give
// one number a label.
absl::StatusOr<ClassificationOutputs> ClassificationOutputsOf(
    const model::ModelDescription& description);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_OUTPUTS_H_
