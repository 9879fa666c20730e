#include "core/model/head_spec.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::model {
namespace {

constexpr int64_t kMaxSize = 16'777'216;

constexpr HeadKind kKinds[] = {HeadKind::kLinear, HeadKind::kMlp, HeadKind::kArticle,
                               HeadKind::kCosine, HeadKind::kLayers};
constexpr Pooling kPoolings[] = {Pooling::kMean, Pooling::kClassToken, Pooling::kLastToken,
                                 Pooling::kNone};

bool InRange(int64_t size) { return size >= 1 && size <= kMaxSize; }

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("head: ", what));
}

struct Size {
  int64_t weights = 0;
  int64_t others = 0;  // biases and the like
};

// INVALID_ARGUMENT where a layer is wrong. The features and outputs are in range, and with them
// every product.
absl::StatusOr<Size> SizeOf(const HeadSpec& spec) {
  const int64_t inputs = spec.inputs();
  switch (spec.kind) {
    case HeadKind::kLinear:
      return Size{inputs * spec.outputs, spec.outputs};
    case HeadKind::kMlp:
    case HeadKind::kArticle:
      return Size{(inputs + spec.outputs) * spec.hidden_units, spec.hidden_units + spec.outputs};
    case HeadKind::kCosine:
      return Size{inputs * spec.outputs, 1};
    case HeadKind::kLayers:
      break;
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<HeadLayerCost> costs,
                         WalkHeadLayers(spec.layers, spec.input_shape()));
  const HeadShape last = costs.empty() ? spec.input_shape() : costs.back().out;
  if (last.form != HeadShape::Form::kVector) {
    return Wrong(absl::StrCat("after layer ", static_cast<int64_t>(costs.size()) - 1,
                              " there is no vector for the last linear layer: end with flatten or "
                              "pool"));
  }
  Size size{last.channels * spec.outputs, spec.outputs};
  for (const HeadLayerCost& cost : costs) {
    size.weights += cost.weights;
    size.others += cost.others;
  }
  return size;
}

absl::Status CheckSizes(const FeatureMap& map) {
  if (!InRange(map.channels)) return Wrong("channels is out of range");
  if (map.tokens < 0 || map.tokens > kMaxSize || map.prefix_tokens < 0 ||
      (map.prefix_tokens > 0 && map.prefix_tokens >= map.tokens)) {
    return Wrong("tokens is out of range");
  }
  return absl::OkStatus();
}

absl::Status CheckTaps(const HeadSpec& spec) {
  if (!spec.pools()) return Wrong("what is read of several stages must be pooled");
  if (spec.taps.size() > kMaxHeadTaps) {
    return Wrong(
        absl::StrCat(spec.taps.size(), " taps are more than the ", kMaxHeadTaps, " allowed"));
  }
  for (size_t i = 0; i < spec.taps.size(); ++i) {
    const StageFeatures& tap = spec.taps[i];
    if (tap.stage.empty()) return Wrong(absl::StrCat("tap ", i, " has no stage"));
    for (size_t j = 0; j < i; ++j) {
      if (spec.taps[j].stage == tap.stage) return Wrong("two taps are of one stage");
    }
    GRAFT_RETURN_IF_ERROR(CheckSizes(tap.features));
    GRAFT_RETURN_IF_ERROR(CheckPooling(spec.pooling, tap.features));
  }
  if (spec.features != JoinedFeatures(spec.taps)) {
    return Wrong("the features are not those of the taps side by side");
  }
  return absl::OkStatus();
}

absl::Status CheckFeatures(const HeadSpec& spec) {
  const FeatureMap& map = spec.features;
  GRAFT_RETURN_IF_ERROR(CheckSizes(map));
  if (!spec.taps.empty()) return CheckTaps(spec);
  if (spec.kind != HeadKind::kArticle) {
    GRAFT_RETURN_IF_ERROR(CheckPooling(spec.pooling, map));
  }
  if (spec.pools()) return absl::OkStatus();
  if (!map.has_tokens() && (!InRange(map.height) || !InRange(map.width))) {
    return Wrong("the feature map that it reads whole is out of range");
  }
  // Places are below 2^48 at the most.
  if (map.channels > kMaxSize / map.places()) {
    return Wrong("the features that it reads whole are out of range");
  }
  return absl::OkStatus();
}

nlohmann::json FeaturesToJson(const FeatureMap& features) {
  return {{"channels", features.channels},
          {"height", features.height},
          {"width", features.width},
          {"tokens", features.tokens},
          {"prefix_tokens", features.prefix_tokens}};
}

// Throws nlohmann::json::exception.
FeatureMap FeaturesFromJson(const nlohmann::json& json) {
  return {.channels = json.at("channels").get<int64_t>(),
          .height = json.at("height").get<int64_t>(),
          .width = json.at("width").get<int64_t>(),
          .tokens = json.value("tokens", int64_t{0}),
          .prefix_tokens = json.value("prefix_tokens", int64_t{0})};
}

absl::Status CheckKind(const HeadSpec& spec) {
  const bool layered = spec.kind == HeadKind::kLayers;
  if (!layered && !spec.layers.empty()) return Wrong("layers are for the kind \"layers\"");
  if (!layered && spec.kind != HeadKind::kArticle && !spec.pools()) {
    return Wrong("pooling \"none\" is for the kinds \"layers\" and \"article\"");
  }
  if (!spec.has_hidden_layer()) return absl::OkStatus();
  if (!InRange(spec.hidden_units)) return Wrong("hidden_units is out of range");
  if (!(spec.dropout >= 0 && spec.dropout < 1)) {
    return Wrong("dropout must be at least 0 and below 1");
  }
  return absl::OkStatus();
}

}  // namespace

HeadShape HeadSpec::input_shape() const {
  if (pools()) return {.form = HeadShape::Form::kVector, .channels = features.channels};
  return {.form = features.has_tokens() ? HeadShape::Form::kTokens : HeadShape::Form::kMap,
          .channels = features.channels,
          .places = features.places()};
}

int64_t HeadSpec::weights() const {
  const absl::StatusOr<Size> size = SizeOf(*this);
  return size.ok() ? size->weights : 0;
}

int64_t HeadSpec::parameters() const {
  const absl::StatusOr<Size> size = SizeOf(*this);
  return size.ok() ? size->weights + size->others : 0;
}

absl::string_view HeadKindName(HeadKind kind) {
  switch (kind) {
    case HeadKind::kLinear:
      return "linear";
    case HeadKind::kMlp:
      return "mlp";
    case HeadKind::kArticle:
      return "article";
    case HeadKind::kCosine:
      return "cosine";
    case HeadKind::kLayers:
      return "layers";
  }
  return "";
}

absl::StatusOr<HeadKind> HeadKindFromName(absl::string_view name) {
  for (const HeadKind kind : kKinds) {
    if (name == HeadKindName(kind)) return kind;
  }
  return Wrong(absl::StrCat("\"", name, "\" is none of linear, mlp, article, cosine, layers"));
}

absl::string_view PoolingName(Pooling pooling) {
  switch (pooling) {
    case Pooling::kMean:
      return "mean";
    case Pooling::kClassToken:
      return "class_token";
    case Pooling::kLastToken:
      return "last_token";
    case Pooling::kNone:
      return "none";
  }
  return "";
}

absl::StatusOr<Pooling> PoolingFromName(absl::string_view name) {
  for (const Pooling pooling : kPoolings) {
    if (name == PoolingName(pooling)) return pooling;
  }
  return Wrong(
      absl::StrCat("pooling \"", name, "\" is none of mean, class_token, last_token, none"));
}

absl::Status CheckPooling(Pooling pooling, const FeatureMap& features) {
  const bool of_tokens = pooling == Pooling::kClassToken || pooling == Pooling::kLastToken;
  if (of_tokens && !features.has_tokens()) {
    return Wrong(absl::StrCat("pooling \"", PoolingName(pooling),
                              "\" is for tokens, and the backbone gives a map: use \"mean\""));
  }
  if (pooling == Pooling::kClassToken && features.prefix_tokens == 0) {
    return Wrong("pooling \"class_token\" needs a backbone with a class token");
  }
  return absl::OkStatus();
}

FeatureMap JoinedFeatures(const std::vector<StageFeatures>& taps) {
  FeatureMap joined{.height = 1, .width = 1};
  for (const StageFeatures& tap : taps) joined.channels += tap.features.channels;
  return joined;
}

absl::Status ValidateHeadSpec(const HeadSpec& spec) {
  GRAFT_RETURN_IF_ERROR(CheckFeatures(spec));
  if (!InRange(spec.outputs)) return Wrong("outputs is out of range");
  GRAFT_RETURN_IF_ERROR(CheckKind(spec));
  GRAFT_ASSIGN_OR_RETURN(const Size size, SizeOf(spec));
  if (size.weights <= kMaxHeadWeights) return absl::OkStatus();
  return Wrong(
      absl::StrCat(size.weights, " weights (", spec.inputs(), " inputs, ",
                   spec.has_hidden_layer() ? absl::StrCat(spec.hidden_units, " hidden, ") : "",
                   spec.layers.empty() ? "" : absl::StrCat(spec.layers.size(), " layers, "),
                   spec.outputs, " outputs) are more than the ", kMaxHeadWeights, " allowed"));
}

std::string HeadSpecToJson(const HeadSpec& spec) {
  nlohmann::json json = FeaturesToJson(spec.features);
  json["kind"] = std::string(HeadKindName(spec.kind));
  json["pooling"] = std::string(PoolingName(spec.pooling));
  json["hidden_units"] = spec.hidden_units;
  json["dropout"] = spec.dropout;
  json["outputs"] = spec.outputs;
  json["layers"] = HeadLayersToJson(spec.layers);
  for (const StageFeatures& tap : spec.taps) {
    nlohmann::json one = FeaturesToJson(tap.features);
    one["stage"] = tap.stage;
    json["taps"].push_back(std::move(one));
  }
  return json.dump();
}

absl::StatusOr<HeadSpec> HeadSpecFromJson(absl::string_view json) {
  HeadSpec spec;
  try {
    const auto parsed = nlohmann::json::parse(json);
    GRAFT_ASSIGN_OR_RETURN(spec.kind, HeadKindFromName(parsed.at("kind").get<std::string>()));
    spec.features = FeaturesFromJson(parsed);
    GRAFT_ASSIGN_OR_RETURN(spec.pooling, PoolingFromName(parsed.value("pooling", "mean")));
    spec.hidden_units = parsed.at("hidden_units").get<int64_t>();
    spec.dropout = parsed.at("dropout").get<double>();
    spec.outputs = parsed.at(parsed.contains("classes") ? "classes" : "outputs").get<int64_t>();
    if (parsed.contains("layers")) {
      GRAFT_ASSIGN_OR_RETURN(spec.layers, HeadLayersFromJson(parsed.at("layers")));
    }
    if (parsed.contains("taps")) {
      const nlohmann::json& taps = parsed.at("taps");
      if (!taps.is_array() || taps.size() > kMaxHeadTaps) {
        return Wrong(absl::StrCat("taps is not a list of up to ", kMaxHeadTaps));
      }
      for (const nlohmann::json& tap : taps) {
        spec.taps.push_back({tap.at("stage").get<std::string>(), FeaturesFromJson(tap)});
      }
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(ValidateHeadSpec(spec));
  return spec;
}

}  // namespace graft::model
