#include "core/tasks/multilabel/outputs.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("outputs of a multi-label classifier: ", what));
}

}  // namespace

absl::Status Validate(const MultilabelOutputs& outputs) {
  if (outputs.labels.empty()) return Wrong("there are no labels");
  absl::flat_hash_set<absl::string_view> seen;
  for (const std::string& label : outputs.labels) {
    if (!seen.insert(label).second) return Wrong(absl::StrCat("label ", label, " comes twice"));
  }
  if (outputs.thresholds.size() != outputs.labels.size()) {
    return Wrong(absl::StrCat("there are ", outputs.thresholds.size(), " thresholds for ",
                              outputs.labels.size(), " labels"));
  }
  for (double threshold : outputs.thresholds) {
    // Written so that NaN fails.
    if (!(threshold > 0 && threshold < 1)) {
      return Wrong(absl::StrCat("a threshold must be above 0 and below 1, not ", threshold));
    }
  }
  return absl::OkStatus();
}

std::string ToJson(const MultilabelOutputs& outputs) {
  return nlohmann::json{{"labels", outputs.labels}, {"thresholds", outputs.thresholds}}.dump();
}

absl::StatusOr<MultilabelOutputs> MultilabelOutputsFromJson(absl::string_view json) {
  MultilabelOutputs outputs;
  try {
    const auto parsed = nlohmann::json::parse(json);
    outputs.labels = parsed.at("labels").get<std::vector<std::string>>();
    outputs.thresholds = parsed.at("thresholds").get<std::vector<double>>();
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(Validate(outputs));
  return outputs;
}

}  // namespace graft::tasks
