#include "core/nn/head.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::nn {
namespace {

ActivationKind ActivationOf(model::HeadActivation activation) {
  switch (activation) {
    case model::HeadActivation::kRelu:
      return ActivationKind::kRelu;
    case model::HeadActivation::kGelu:
      return ActivationKind::kGelu;
    case model::HeadActivation::kSilu:
      return ActivationKind::kSilu;
    case model::HeadActivation::kTanh:
      return ActivationKind::kTanh;
  }
  return ActivationKind::kRelu;
}

// Sizes are in range, as ValidateHeadSpec has seen.
int Int(int64_t size) { return static_cast<int>(size); }

// Appends one of the user's layers, which reads `in`.
void AppendLayer(const model::HeadLayer& layer, const model::HeadShape& in, int index,
                 int prefix_tokens, SpecBuilder& builder) {
  const std::string name = absl::StrCat("head.", index);
  const bool map = in.form == model::HeadShape::Form::kMap;
  switch (layer.kind) {
    case model::HeadLayerKind::kDense:
      builder.Append(name, Linear{Int(in.channels), Int(layer.units)});
      return;
    case model::HeadLayerKind::kConv:
      builder.Append(name, Conv2d{.in_channels = Int(in.channels),
                                  .out_channels = Int(layer.units),
                                  .kernel = Int(layer.kernel),
                                  .padding = Int(layer.kernel) / 2});
      return;
    case model::HeadLayerKind::kNorm:
      builder.Append(name, map ? Op(BatchNorm2d{.channels = Int(in.channels)})
                               : Op(LayerNorm{.features = Int(in.channels)}));
      return;
    case model::HeadLayerKind::kActivation:
      builder.Append("", Activation{ActivationOf(layer.activation)});
      return;
    case model::HeadLayerKind::kDropout:
      builder.Append("", Dropout{layer.rate});
      return;
    case model::HeadLayerKind::kFlatten:
      builder.Append("", Flatten{});
      return;
    case model::HeadLayerKind::kPool:
      if (map) {
        builder.Append("", AdaptiveAvgPool2d{1, 1});
        builder.Append("", Flatten{});
      } else {
        builder.Append("", TokenPool{TokenPoolKind::kMean, prefix_tokens});
      }
      return;
  }
}

absl::Status AppendLayers(const model::HeadSpec& head, SpecBuilder& builder) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<model::HeadLayerCost> costs,
                         model::WalkHeadLayers(head.layers, head.input_shape()));
  model::HeadShape in = head.input_shape();
  for (size_t i = 0; i < head.layers.size(); ++i) {
    AppendLayer(head.layers[i], in, static_cast<int>(i), Int(head.features.prefix_tokens), builder);
    in = costs[i].out;
  }
  builder.Append(absl::StrCat("head.", head.layers.size()),
                 Linear{Int(in.channels), Int(head.outputs)});
  return absl::OkStatus();
}

}  // namespace

Shape ShapeOf(const model::FeatureMap& features) {
  if (features.has_tokens()) return {features.tokens, features.channels};
  return {features.channels, features.height, features.width};
}

model::FeatureMap FeatureMapOf(const NetworkSpec& backbone, const Shape& shape) {
  if (shape.rank() == 2) {
    return {.channels = shape[1], .tokens = shape[0], .prefix_tokens = backbone.prefix_tokens};
  }
  if (shape.rank() == 1) return {.channels = shape[0], .height = 1, .width = 1};
  return {.channels = shape[0], .height = shape[1], .width = shape[2]};
}

absl::StatusOr<std::vector<model::StageFeatures>> StageFeaturesOf(const NetworkSpec& backbone,
                                                                  int height, int width) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(backbone, height, width));
  std::vector<model::StageFeatures> stages;
  for (int i = 0; i < backbone.feature_stages; ++i) {
    const Stage& stage = backbone.stages[i];
    stages.push_back({stage.name, FeatureMapOf(backbone, shapes[stage.end - 1])});
  }
  return stages;
}

absl::StatusOr<std::vector<int>> TapNodes(const model::HeadSpec& head, const NetworkSpec& backbone,
                                          int cut) {
  std::vector<int> nodes;
  for (const model::StageFeatures& tap : head.taps) {
    const int stage = backbone.FindStage(tap.stage);
    if (stage < 0 || stage >= cut) {
      return absl::InvalidArgumentError(absl::StrCat("tap \"", tap.stage, "\" is not a stage of ",
                                                     backbone.architecture,
                                                     " up to the cut point"));
    }
    nodes.push_back(backbone.stages[stage].end - 1);
  }
  return nodes;
}

Op PoolingOf(model::Pooling pooling, const model::FeatureMap& features) {
  if (!features.has_tokens()) return AdaptiveAvgPool2d{1, 1};
  switch (pooling) {
    case model::Pooling::kClassToken:
      return TokenPool{TokenPoolKind::kFirst};
    case model::Pooling::kLastToken:
      return TokenPool{TokenPoolKind::kLast};
    case model::Pooling::kMean:
    case model::Pooling::kNone:
      break;
  }
  return TokenPool{TokenPoolKind::kMean, Int(features.prefix_tokens)};
}

absl::StatusOr<NetworkSpec> BuildHead(const model::HeadSpec& head) {
  GRAFT_RETURN_IF_ERROR(model::ValidateHeadSpec(head));
  const int outputs = Int(head.outputs);
  const int inputs = Int(head.inputs());
  SpecBuilder builder(
      absl::StrCat("head_", model::HeadKindName(head.kind)),
      std::vector<NetworkInput>{{.name = "features", .shape = ShapeOf(head.features)}});
  if (head.pools()) builder.Append("", PoolingOf(head.pooling, head.features));
  // A pooled map is [C, 1, 1].
  if (head.kind != model::HeadKind::kLayers || head.pools()) builder.Append("", Flatten{});
  switch (head.kind) {
    case model::HeadKind::kLinear:
      builder.Append("head", Linear{inputs, outputs});
      break;
    case model::HeadKind::kMlp:
    case model::HeadKind::kArticle:
      // Numbered as in nn.Sequential(Linear, ReLU, Dropout, Linear).
      builder.Append("head.0", Linear{inputs, Int(head.hidden_units)});
      builder.Append("", Activation{ActivationKind::kRelu});
      builder.Append("", Dropout{head.dropout});
      builder.Append("head.3", Linear{Int(head.hidden_units), outputs});
      break;
    case model::HeadKind::kCosine:
      builder.Append("head", CosineLinear{inputs, outputs});
      break;
    case model::HeadKind::kLayers:
      GRAFT_RETURN_IF_ERROR(AppendLayers(head, builder));
      break;
  }
  builder.EndStage("head");
  builder.EndFeatures();
  return builder.Take();
}

}  // namespace graft::nn
