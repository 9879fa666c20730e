#include "core/tasks/classification/outputs.h"

#include <cmath>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("outputs of a classifier: ", what));
}

}  // namespace

absl::Status Validate(const ClassificationOutputs& outputs) {
  if (outputs.labels.size() < 2) return Wrong("labels must be two or more");
  absl::flat_hash_set<absl::string_view> seen;
  for (const std::string& label : outputs.labels) {
    if (!seen.insert(label).second) return Wrong(absl::StrCat("label ", label, " comes twice"));
  }
  if (outputs.temperature.has_value() &&
      !(*outputs.temperature > 0 && std::isfinite(*outputs.temperature))) {
    return Wrong("temperature must be above 0");
  }
  if (!outputs.thresholds.empty() && outputs.thresholds.size() != outputs.labels.size()) {
    return Wrong("thresholds must be one for each label");
  }
  for (const double threshold : outputs.thresholds) {
    if (!(threshold >= 0 && threshold <= 1)) return Wrong("a threshold must be 0 to 1");
  }
  return absl::OkStatus();
}

std::string ToJson(const ClassificationOutputs& outputs) {
  nlohmann::json json = {{"labels", outputs.labels}};
  if (outputs.temperature.has_value()) json["temperature"] = *outputs.temperature;
  if (!outputs.thresholds.empty()) json["thresholds"] = outputs.thresholds;
  if (outputs.conformal.has_value()) json["conformal"] = evaluation::ToJson(*outputs.conformal);
  return json.dump();
}

absl::StatusOr<ClassificationOutputs> ClassificationOutputsFromJson(absl::string_view json) {
  ClassificationOutputs outputs;
  try {
    const auto parsed = nlohmann::json::parse(json);
    outputs.labels = parsed.at("labels").get<std::vector<std::string>>();
    if (parsed.contains("temperature"))
      outputs.temperature = parsed.at("temperature").get<double>();
    if (parsed.contains("thresholds")) {
      outputs.thresholds = parsed.at("thresholds").get<std::vector<double>>();
    }
    if (parsed.contains("conformal")) {
      GRAFT_ASSIGN_OR_RETURN(outputs.conformal,
                             evaluation::ConformalScoresFromJson(parsed.at("conformal")));
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(Validate(outputs));
  return outputs;
}

absl::StatusOr<ClassificationOutputs> ClassificationOutputsOf(
    const model::ModelDescription& description) {
  if (description.task != kClassificationTask) {
    return Wrong(absl::StrCat("the model is for ", description.task));
  }
  GRAFT_ASSIGN_OR_RETURN(ClassificationOutputs outputs,
                         ClassificationOutputsFromJson(description.outputs));
  if (static_cast<int64_t>(outputs.labels.size()) != description.head.outputs) {
    return Wrong(absl::StrCat("has ", outputs.labels.size(), " labels for a head of ",
                              description.head.outputs, " outputs"));
  }
  return outputs;
}

}  // namespace graft::tasks
