#ifndef GRAFT_CORE_TASKS_MULTILABEL_OUTPUTS_H_
#define GRAFT_CORE_TASKS_MULTILABEL_OUTPUTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::tasks {

inline constexpr char kMultilabelTask[] = "multilabel";

// What the logits of a multi-label classifier mean: the `outputs` of its ModelDescription. No
// LibTorch.
struct MultilabelOutputs {
  std::vector<std::string> labels;  // in the order of the logits
  // A label is given where its sigmoid is its threshold or more; one a label, in (0, 1).
  std::vector<double> thresholds;

  friend bool operator==(const MultilabelOutputs&, const MultilabelOutputs&) = default;
};

// INVALID_ARGUMENT where there are no labels, one comes twice, or a threshold is missing or not in
// (0, 1).
absl::Status Validate(const MultilabelOutputs& outputs);

// {"labels":["beach","boat"],"thresholds":[0.5,0.31]}
std::string ToJson(const MultilabelOutputs& outputs);
// The inverse; validates. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<MultilabelOutputs> MultilabelOutputsFromJson(absl::string_view json);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_OUTPUTS_H_
