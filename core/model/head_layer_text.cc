#include "core/model/head_layer_text.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "core/base/status_macros.h"

namespace graft::model {
namespace {

// How each kind of layer is written. An activation is written by its own name.
struct Form {
  HeadLayerKind kind;
  absl::string_view words;  // of an error: "dense UNITS"
  size_t least;             // numbers behind its name
  size_t most;
};
constexpr Form kForms[] = {
    {HeadLayerKind::kDense, "dense UNITS", 1, 1},
    {HeadLayerKind::kConv, "conv CHANNELS [KERNEL]", 1, 2},
    {HeadLayerKind::kNorm, "norm", 0, 0},
    {HeadLayerKind::kDropout, "dropout RATE", 1, 1},
    {HeadLayerKind::kFlatten, "flatten", 0, 0},
    {HeadLayerKind::kPool, "pool", 0, 0},
};
constexpr HeadActivation kActivations[] = {HeadActivation::kRelu, HeadActivation::kGelu,
                                           HeadActivation::kSilu, HeadActivation::kTanh};

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

std::optional<HeadActivation> ActivationNamed(absl::string_view name) {
  for (const HeadActivation activation : kActivations) {
    if (name == HeadActivationName(activation)) return activation;
  }
  return std::nullopt;
}

const Form* FormNamed(absl::string_view name) {
  for (const Form& form : kForms) {
    if (name == HeadLayerKindName(form.kind)) return &form;
  }
  return nullptr;
}

}  // namespace

std::string HeadLayerToText(const HeadLayer& layer) {
  const absl::string_view name = HeadLayerKindName(layer.kind);
  switch (layer.kind) {
    case HeadLayerKind::kDense:
      return absl::StrCat(name, " ", layer.units);
    case HeadLayerKind::kConv:
      return absl::StrCat(name, " ", layer.units, " ", layer.kernel);
    case HeadLayerKind::kActivation:
      return std::string(HeadActivationName(layer.activation));
    case HeadLayerKind::kDropout:
      return absl::StrCat(name, " ", layer.rate);
    case HeadLayerKind::kNorm:
    case HeadLayerKind::kFlatten:
    case HeadLayerKind::kPool:
      return std::string(name);
  }
  return "";
}

absl::StatusOr<HeadLayer> HeadLayerFromText(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  const std::vector<absl::string_view> words =
      absl::StrSplit(lower, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.empty()) return Wrong("is empty");
  HeadLayer layer;
  if (const auto activation = ActivationNamed(words[0]); activation.has_value()) {
    if (words.size() > 1) return Wrong(absl::StrCat("is written \"", words[0], "\" alone"));
    layer.kind = HeadLayerKind::kActivation;
    layer.activation = *activation;
    return layer;
  }
  const Form* const form = FormNamed(words[0]);
  if (form == nullptr) {
    return Wrong("is none of dense, conv, norm, relu, gelu, silu, tanh, dropout, flatten and pool");
  }
  layer.kind = form->kind;
  const size_t numbers = words.size() - 1;
  if (numbers < form->least || numbers > form->most) {
    return Wrong(absl::StrCat("is written \"", form->words, "\""));
  }
  const bool read = layer.kind == HeadLayerKind::kDropout
                        ? absl::SimpleAtod(words[1], &layer.rate)
                        : (numbers < 1 || absl::SimpleAtoi(words[1], &layer.units)) &&
                              (numbers < 2 || absl::SimpleAtoi(words[2], &layer.kernel));
  if (!read) return Wrong(absl::StrCat("is written \"", form->words, "\", with numbers"));
  GRAFT_RETURN_IF_ERROR(CheckHeadLayer(layer));
  return layer;
}

absl::StatusOr<std::vector<HeadLayer>> HeadLayersFromTexts(absl::Span<const std::string> texts) {
  std::vector<HeadLayer> layers;
  if (texts.size() > kMaxHeadLayers) {
    return Wrong(
        absl::StrCat(texts.size(), " layers are more than the ", kMaxHeadLayers, " allowed"));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    absl::StatusOr<HeadLayer> layer = HeadLayerFromText(texts[i]);
    if (!layer.ok()) {
      return Wrong(absl::StrCat("layer ", i, " (", texts[i], ") ", layer.status().message()));
    }
    layers.push_back(*layer);
  }
  return layers;
}

}  // namespace graft::model
