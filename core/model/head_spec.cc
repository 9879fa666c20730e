#include "core/model/head_spec.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft {
namespace {

constexpr int64_t kMaxSize = 16'777'216;

bool InRange(int64_t size) { return size >= 1 && size <= kMaxSize; }

// Each factor is in range, so that the product is far from 2^63.
absl::Status CheckWeights(const HeadSpec& spec) {
  if (spec.weights() <= kMaxHeadWeights) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("head: ", spec.weights(), " weights (", spec.inputs(), " inputs, ",
                   spec.has_hidden_layer() ? absl::StrCat(spec.hidden_units, " hidden, ") : "",
                   spec.outputs, " outputs) are more than the ", kMaxHeadWeights, " allowed"));
}

}  // namespace

absl::string_view HeadKindName(HeadKind kind) {
  switch (kind) {
    case HeadKind::kLinear:
      return "linear";
    case HeadKind::kMlp:
      return "mlp";
    case HeadKind::kArticle:
      return "article";
  }
  return "";
}

absl::StatusOr<HeadKind> HeadKindFromName(absl::string_view name) {
  for (HeadKind kind : {HeadKind::kLinear, HeadKind::kMlp, HeadKind::kArticle}) {
    if (name == HeadKindName(kind)) return kind;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("head: \"", name, "\" is none of linear, mlp, article"));
}

absl::Status ValidateHeadSpec(const HeadSpec& spec) {
  const FeatureMap& map = spec.features;
  if (!InRange(map.channels)) return absl::InvalidArgumentError("head: channels is out of range");
  if (!InRange(spec.outputs)) return absl::InvalidArgumentError("head: outputs is out of range");
  if (!spec.has_hidden_layer()) return CheckWeights(spec);
  if (!InRange(spec.hidden_units)) {
    return absl::InvalidArgumentError("head: hidden_units is out of range");
  }
  if (!(spec.dropout >= 0 && spec.dropout < 1)) {
    return absl::InvalidArgumentError("head: dropout must be at least 0 and below 1");
  }
  if (!spec.pools() &&
      (!InRange(map.height) || !InRange(map.width) || map.height > kMaxSize / map.width ||
       map.channels > kMaxSize / (map.height * map.width))) {
    return absl::InvalidArgumentError("head: the feature map it flattens is out of range");
  }
  return CheckWeights(spec);
}

std::string HeadSpecToJson(const HeadSpec& spec) {
  return nlohmann::json{{"kind", std::string(HeadKindName(spec.kind))},
                        {"channels", spec.features.channels},
                        {"height", spec.features.height},
                        {"width", spec.features.width},
                        {"hidden_units", spec.hidden_units},
                        {"dropout", spec.dropout},
                        {"outputs", spec.outputs}}
      .dump();
}

absl::StatusOr<HeadSpec> HeadSpecFromJson(absl::string_view json) {
  HeadSpec spec;
  try {
    const auto parsed = nlohmann::json::parse(json);
    GRAFT_ASSIGN_OR_RETURN(spec.kind, HeadKindFromName(parsed.at("kind").get<std::string>()));
    spec.features.channels = parsed.at("channels").get<int64_t>();
    spec.features.height = parsed.at("height").get<int64_t>();
    spec.features.width = parsed.at("width").get<int64_t>();
    spec.hidden_units = parsed.at("hidden_units").get<int64_t>();
    spec.dropout = parsed.at("dropout").get<double>();
    spec.outputs = parsed.at(parsed.contains("classes") ? "classes" : "outputs").get<int64_t>();
  } catch (const nlohmann::json::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat("head: ", e.what()));
  }
  GRAFT_RETURN_IF_ERROR(ValidateHeadSpec(spec));
  return spec;
}

}  // namespace graft
