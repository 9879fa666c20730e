#include "core/model/model_description.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::model {
namespace {

constexpr int kFormat = 2;
constexpr int kFormatOfClassifiers = 1;

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("model description: ", what));
}

nlohmann::json ParsedOutputs(const std::string& outputs) {
  return nlohmann::json::parse(outputs, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

absl::Status ValidateModelDescription(const ModelDescription& description) {
  if (description.backbone.empty()) return Wrong("backbone is missing");
  if (!IsSha256Hex(description.backbone_digest)) return Wrong("backbone_digest is not a SHA-256");
  if (description.cut_point.empty()) return Wrong("cut_point is missing");
  GRAFT_RETURN_IF_ERROR(Annotate(ValidateHeadSpec(description.head), "model description"));
  GRAFT_RETURN_IF_ERROR(Annotate(Validate(description.input), "model description"));
  if (description.task.empty()) return Wrong("task is missing");
  if (!ParsedOutputs(description.outputs).is_object()) return Wrong("outputs is no JSON object");
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
                         {"task", description.task},
                         {"outputs", ParsedOutputs(description.outputs)}};
  if (description.precision.has_value()) {
    json["precision"] = nlohmann::json::parse(PrecisionRecordToJson(*description.precision));
  }
  if (description.novelty.has_value()) {
    json["novelty"] = nlohmann::json::parse(NoveltyRecordToJson(*description.novelty));
  }
  if (description.drift.has_value()) {
    json["drift"] = nlohmann::json::parse(DriftRecordToJson(*description.drift));
  }
  return json.dump();
}

absl::StatusOr<ModelDescription> ModelDescriptionFromJson(absl::string_view json) {
  ModelDescription description;
  try {
    const auto parsed = nlohmann::json::parse(json);
    const int format = parsed.at("format").get<int>();
    if (format != kFormat && format != kFormatOfClassifiers) {
      return Wrong("is of another format: made by a newer version?");
    }
    description.backbone = parsed.at("backbone").get<std::string>();
    description.backbone_digest = parsed.at("backbone_digest").get<std::string>();
    description.cut_point = parsed.at("cut_point").get<std::string>();
    description.changed_stages = parsed.at("changed_stages").get<std::vector<std::string>>();
    GRAFT_ASSIGN_OR_RETURN(description.head, HeadSpecFromJson(parsed.at("head").dump()));
    GRAFT_ASSIGN_OR_RETURN(description.input, InputSpecFromJson(parsed.at("input").dump()));
    if (format == kFormatOfClassifiers) {
      nlohmann::json outputs = {{"labels", parsed.at("labels")}};
      if (parsed.contains("temperature")) outputs["temperature"] = parsed.at("temperature");
      description.task = "classification";
      description.outputs = outputs.dump();
    } else {
      description.task = parsed.at("task").get<std::string>();
      description.outputs = parsed.at("outputs").dump();
    }
    if (parsed.contains("precision")) {
      GRAFT_ASSIGN_OR_RETURN(description.precision,
                             PrecisionRecordFromJson(parsed.at("precision").dump()));
    }
    if (parsed.contains("novelty")) {
      GRAFT_ASSIGN_OR_RETURN(description.novelty,
                             NoveltyRecordFromJson(parsed.at("novelty").dump()));
    }
    if (parsed.contains("drift")) {
      GRAFT_ASSIGN_OR_RETURN(description.drift, DriftRecordFromJson(parsed.at("drift").dump()));
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(ValidateModelDescription(description));
  return description;
}

}  // namespace graft::model
