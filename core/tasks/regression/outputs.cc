#include "core/tasks/regression/outputs.h"

#include <cmath>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::tasks {
namespace {

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("outputs of a regression: ", what));
}

}  // namespace

absl::Status Validate(const RegressionOutputs& outputs) {
  if (outputs.names.empty()) return Wrong("there are no numbers");
  if (outputs.scales.size() != outputs.names.size()) return Wrong("each number needs its scale");
  absl::flat_hash_set<absl::string_view> seen;
  for (const std::string& name : outputs.names) {
    if (!seen.insert(name).second) return Wrong(absl::StrCat("number ", name, " comes twice"));
  }
  if (!outputs.conformal.empty() && outputs.conformal.size() != outputs.names.size()) {
    return Wrong("conformal scores must be of every number or of none");
  }
  for (const NumberScale& scale : outputs.scales) {
    if (!std::isfinite(scale.mean) || !std::isfinite(scale.deviation) || !(scale.deviation > 0)) {
      return Wrong("mean and deviation must be finite, and the deviation above 0");
    }
  }
  return absl::OkStatus();
}

std::string ToJson(const RegressionOutputs& outputs) {
  nlohmann::json numbers = nlohmann::json::array();
  for (size_t i = 0; i < outputs.names.size(); ++i) {
    numbers.push_back({{"name", outputs.names[i]},
                       {"mean", outputs.scales[i].mean},
                       {"deviation", outputs.scales[i].deviation}});
    if (!outputs.conformal.empty()) {
      numbers.back()["conformal"] = evaluation::ToJson(outputs.conformal[i]);
    }
  }
  return nlohmann::json{{"numbers", std::move(numbers)}}.dump();
}

absl::StatusOr<RegressionOutputs> RegressionOutputsFromJson(absl::string_view json) {
  RegressionOutputs outputs;
  try {
    const auto parsed = nlohmann::json::parse(json);
    for (const auto& number : parsed.at("numbers")) {
      outputs.names.push_back(number.at("name").get<std::string>());
      outputs.scales.push_back(
          {number.at("mean").get<double>(), number.at("deviation").get<double>()});
      if (!number.contains("conformal")) continue;
      GRAFT_ASSIGN_OR_RETURN(outputs.conformal.emplace_back(),
                             evaluation::ConformalScoresFromJson(number.at("conformal")));
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(Validate(outputs));
  return outputs;
}

}  // namespace graft::tasks
