#include "core/nn/model_description.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

constexpr int kFormat = 1;

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("model description: ", what));
}

}  // namespace

absl::Status ValidateModelDescription(const ModelDescription& description) {
  if (description.backbone.empty()) return Wrong("backbone is missing");
  if (!IsSha256Hex(description.backbone_digest)) return Wrong("backbone_digest is not a SHA-256");
  if (description.cut_point.empty()) return Wrong("cut_point is missing");
  GRAFT_RETURN_IF_ERROR(Annotate(ValidateHeadSpec(description.head), "model description"));
  GRAFT_RETURN_IF_ERROR(Annotate(Validate(description.input), "model description"));
  if (static_cast<int64_t>(description.labels.size()) != description.head.classes) {
    return Wrong(absl::StrCat("has ", description.labels.size(), " labels for ",
                              description.head.classes, " classes"));
  }
  std::set<std::string> seen;
  for (const std::string& label : description.labels) {
    if (!seen.insert(label).second) return Wrong(absl::StrCat("label ", label, " comes twice"));
  }
  if (description.temperature.has_value() && !(*description.temperature > 0)) {
    return Wrong("temperature must be above 0");
  }
  return absl::OkStatus();
}

std::string ModelDescriptionToJson(const ModelDescription& description) {
  nlohmann::json json = {{"format", kFormat},
                         {"backbone", description.backbone},
                         {"backbone_digest", description.backbone_digest},
                         {"cut_point", description.cut_point},
                         {"changed_stages", description.changed_stages},
                         {"head", nlohmann::json::parse(HeadSpecToJson(description.head))},
                         {"input", nlohmann::json::parse(InputSpecToJson(description.input))},
                         {"labels", description.labels}};
  if (description.temperature.has_value()) json["temperature"] = *description.temperature;
  return json.dump();
}

absl::StatusOr<ModelDescription> ModelDescriptionFromJson(absl::string_view json) {
  ModelDescription description;
  try {
    const auto parsed = nlohmann::json::parse(json);
    if (parsed.at("format") != kFormat) {
      return Wrong("is of another format: made by a newer version?");
    }
    description.backbone = parsed.at("backbone").get<std::string>();
    description.backbone_digest = parsed.at("backbone_digest").get<std::string>();
    description.cut_point = parsed.at("cut_point").get<std::string>();
    description.changed_stages = parsed.at("changed_stages").get<std::vector<std::string>>();
    GRAFT_ASSIGN_OR_RETURN(description.head, HeadSpecFromJson(parsed.at("head").dump()));
    GRAFT_ASSIGN_OR_RETURN(description.input, InputSpecFromJson(parsed.at("input").dump()));
    description.labels = parsed.at("labels").get<std::vector<std::string>>();
    if (parsed.contains("temperature")) {
      description.temperature = parsed.at("temperature").get<double>();
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(ValidateModelDescription(description));
  return description;
}

}  // namespace graft
