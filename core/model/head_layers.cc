#include "core/model/head_layers.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::model {
namespace {

using Form = HeadShape::Form;

constexpr HeadLayerKind kKinds[] = {HeadLayerKind::kDense,   HeadLayerKind::kConv,
                                    HeadLayerKind::kNorm,    HeadLayerKind::kActivation,
                                    HeadLayerKind::kDropout, HeadLayerKind::kFlatten,
                                    HeadLayerKind::kPool};
constexpr HeadActivation kActivations[] = {HeadActivation::kRelu, HeadActivation::kGelu,
                                           HeadActivation::kSilu, HeadActivation::kTanh};

absl::Status LayerError(size_t index, absl::string_view kind, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("head: layer ", index, " (", kind, ") ", what));
}

}  // namespace

absl::Status CheckHeadLayer(const HeadLayer& layer) {
  const auto wrong = [](absl::string_view what) { return absl::InvalidArgumentError(what); };
  const bool has_units = layer.kind == HeadLayerKind::kDense || layer.kind == HeadLayerKind::kConv;
  if (has_units && (layer.units < 1 || layer.units > kMaxHeadLayerUnits)) {
    return wrong(absl::StrCat("needs units from 1 to ", kMaxHeadLayerUnits));
  }
  if (layer.kind == HeadLayerKind::kConv &&
      (layer.kernel < 1 || layer.kernel > kMaxHeadLayerKernel || layer.kernel % 2 == 0)) {
    return wrong(absl::StrCat("needs an odd kernel from 1 to ", kMaxHeadLayerKernel));
  }
  if (layer.kind == HeadLayerKind::kDropout && !(layer.rate >= 0 && layer.rate < 1)) {
    return wrong("needs a rate of at least 0 and below 1");
  }
  return absl::OkStatus();
}

namespace {

// Sizes are in range, so that no product comes near 2^63.
absl::StatusOr<HeadLayerCost> Walk(const HeadLayer& layer, size_t index, const HeadShape& in) {
  const auto wrong = [&](absl::string_view what) {
    return LayerError(index, HeadLayerKindName(layer.kind), what);
  };
  HeadLayerCost cost{.out = in};
  switch (layer.kind) {
    case HeadLayerKind::kDense:
      if (in.form == Form::kMap) {
        return wrong("reads a map: put flatten or pool before it, or make it a conv");
      }
      cost.out.channels = layer.units;
      cost.weights = in.channels * layer.units;
      cost.others = layer.units;
      return cost;
    case HeadLayerKind::kConv:
      if (in.form != Form::kMap)
        return wrong("reads no map: nothing before it may flatten or pool");
      cost.out.channels = layer.units;
      cost.weights = in.channels * layer.units * layer.kernel * layer.kernel;
      cost.others = layer.units;
      return cost;
    case HeadLayerKind::kNorm:
      cost.others = 2 * in.channels;
      return cost;
    case HeadLayerKind::kActivation:
    case HeadLayerKind::kDropout:
      return cost;
    case HeadLayerKind::kFlatten:
      cost.out = {.form = Form::kVector, .channels = in.values()};
      return cost;
    case HeadLayerKind::kPool:
      if (in.form == Form::kVector) return wrong("reads a vector: there is nothing to pool");
      cost.out = {.form = Form::kVector, .channels = in.channels};
      return cost;
  }
  return wrong("is of no kind");
}

// The keys that a layer of this kind has beside "kind".
std::vector<std::string> KeysOf(HeadLayerKind kind) {
  switch (kind) {
    case HeadLayerKind::kDense:
      return {"units"};
    case HeadLayerKind::kConv:
      return {"units", "kernel"};
    case HeadLayerKind::kActivation:
      return {"activation"};
    case HeadLayerKind::kDropout:
      return {"rate"};
    case HeadLayerKind::kNorm:
    case HeadLayerKind::kFlatten:
    case HeadLayerKind::kPool:
      return {};
  }
  return {};
}

absl::StatusOr<HeadLayer> LayerFromJson(const nlohmann::json& json, size_t index) {
  HeadLayer layer;
  const auto name = json.at("kind").get<std::string>();
  bool known = false;
  for (const HeadLayerKind kind : kKinds) {
    if (name != HeadLayerKindName(kind)) continue;
    layer.kind = kind;
    known = true;
  }
  if (!known) {
    return LayerError(index, name,
                      "is none of dense, conv, norm, activation, dropout, flatten, pool");
  }
  const std::vector<std::string> keys = KeysOf(layer.kind);
  for (const auto& [key, value] : json.items()) {
    if (key != "kind" && std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return LayerError(index, name, absl::StrCat("has no option \"", key, "\""));
    }
  }
  for (const std::string& key : keys) {
    if (key == "units") layer.units = json.at(key).get<int64_t>();
    if (key == "kernel") layer.kernel = json.value(key, int64_t{1});
    if (key == "rate") layer.rate = json.at(key).get<double>();
    if (key != "activation") continue;
    const auto function = json.at(key).get<std::string>();
    const auto* found = std::find_if(
        std::begin(kActivations), std::end(kActivations),
        [&](HeadActivation activation) { return function == HeadActivationName(activation); });
    if (found == std::end(kActivations)) {
      return LayerError(index, name,
                        absl::StrCat("\"", function, "\" is none of relu, gelu, silu, tanh"));
    }
    layer.activation = *found;
  }
  return layer;
}

}  // namespace

absl::string_view HeadLayerKindName(HeadLayerKind kind) {
  switch (kind) {
    case HeadLayerKind::kDense:
      return "dense";
    case HeadLayerKind::kConv:
      return "conv";
    case HeadLayerKind::kNorm:
      return "norm";
    case HeadLayerKind::kActivation:
      return "activation";
    case HeadLayerKind::kDropout:
      return "dropout";
    case HeadLayerKind::kFlatten:
      return "flatten";
    case HeadLayerKind::kPool:
      return "pool";
  }
  return "";
}

absl::string_view HeadActivationName(HeadActivation activation) {
  switch (activation) {
    case HeadActivation::kRelu:
      return "relu";
    case HeadActivation::kGelu:
      return "gelu";
    case HeadActivation::kSilu:
      return "silu";
    case HeadActivation::kTanh:
      return "tanh";
  }
  return "";
}

absl::StatusOr<std::vector<HeadLayerCost>> WalkHeadLayers(const std::vector<HeadLayer>& layers,
                                                          const HeadShape& in) {
  if (layers.size() > kMaxHeadLayers) {
    return absl::InvalidArgumentError(absl::StrCat(
        "head: ", layers.size(), " layers are more than the ", kMaxHeadLayers, " allowed"));
  }
  std::vector<HeadLayerCost> costs;
  HeadShape shape = in;
  for (size_t i = 0; i < layers.size(); ++i) {
    const absl::Status in_range = CheckHeadLayer(layers[i]);
    if (!in_range.ok()) {
      return LayerError(i, HeadLayerKindName(layers[i].kind), in_range.message());
    }
    GRAFT_ASSIGN_OR_RETURN(const HeadLayerCost cost, Walk(layers[i], i, shape));
    if (cost.out.values() > kMaxHeadLayerValues) {
      return LayerError(i, HeadLayerKindName(layers[i].kind),
                        absl::StrCat("gives ", cost.out.values(), " numbers for one example; ",
                                     kMaxHeadLayerValues, " are allowed"));
    }
    shape = cost.out;
    costs.push_back(cost);
  }
  return costs;
}

nlohmann::json HeadLayersToJson(const std::vector<HeadLayer>& layers) {
  nlohmann::json json = nlohmann::json::array();
  for (const HeadLayer& layer : layers) {
    nlohmann::json one = {{"kind", std::string(HeadLayerKindName(layer.kind))}};
    for (const std::string& key : KeysOf(layer.kind)) {
      if (key == "units") one[key] = layer.units;
      if (key == "kernel") one[key] = layer.kernel;
      if (key == "rate") one[key] = layer.rate;
      if (key == "activation") one[key] = std::string(HeadActivationName(layer.activation));
    }
    json.push_back(std::move(one));
  }
  return json;
}

absl::StatusOr<std::vector<HeadLayer>> HeadLayersFromJson(const nlohmann::json& json) {
  if (!json.is_array() || json.size() > kMaxHeadLayers) {
    return absl::InvalidArgumentError(
        absl::StrCat("head: layers is not a list of up to ", kMaxHeadLayers));
  }
  std::vector<HeadLayer> layers;
  for (size_t i = 0; i < json.size(); ++i) {
    GRAFT_ASSIGN_OR_RETURN(layers.emplace_back(), LayerFromJson(json[i], i));
  }
  return layers;
}

}  // namespace graft::model
