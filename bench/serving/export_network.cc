// A published model as one network for other engines: a JSON of its operations and a safetensors of
// its tensors, which to_onnx.py makes an ONNX file of.
//
//   graft_bench_export --weights weights/efficientnet_lite0 --model model.safetensors --out FOLDER

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/engine/segment_of_network.h"
#include "core/model/model_description.h"
#include "core/nn/head.h"
#include "core/nn/segment_spec.h"
#include "core/nn/state_dict.h"
#include "core/serving/segment_plan.h"

namespace graft {
namespace {

using nlohmann::json;

json Of(const nn::Conv2d& op) {
  return {{"op", op.kernel_width == 0 ? "conv" : "unsupported"},
          {"kernel", op.kernel},
          {"stride", op.stride},
          {"same", op.padding_mode == nn::Padding::kSame},
          {"padding", op.padding},
          {"groups", op.groups},
          {"bias", op.bias}};
}
json Of(const nn::BatchNorm2d& op) { return {{"op", "batch_norm"}, {"epsilon", op.epsilon}}; }
json Of(const nn::LayerNorm& op) { return {{"op", "layer_norm"}, {"epsilon", op.epsilon}}; }
json Of(const nn::Activation& op) {
  static constexpr const char* kNames[] = {"relu", "relu6", "silu",        "sigmoid",
                                           "gelu", "tanh",  "unsupported", "unsupported"};
  return {{"op", kNames[static_cast<int>(op.kind)]}};
}
json Of(const nn::Add&) { return {{"op", "add"}}; }
json Of(const nn::Multiply&) { return {{"op", "multiply"}}; }
json Of(const nn::Dropout&) { return {{"op", "identity"}}; }
json Of(const nn::MaxPool2d& op) {
  return {{"op", op.round_up ? "unsupported" : "max_pool"},
          {"kernel", op.kernel},
          {"stride", op.stride},
          {"padding", op.padding}};
}
json Of(const nn::AvgPool2d&) { return {{"op", "unsupported"}}; }
json Of(const nn::LayerScale&) { return {{"op", "unsupported"}}; }
json Of(const nn::TokensToMap&) { return {{"op", "unsupported"}}; }
json Of(const nn::ConcatChannels&) { return {{"op", "unsupported"}}; }
json Of(const nn::AdaptiveAvgPool2d& op) {
  return {{"op", op.height == 1 && op.width == 1 ? "global_pool" : "unsupported"}};
}
json Of(const nn::TokenPool& op) {
  return {{"op", op.kind == nn::TokenPoolKind::kFirst ? "first_token" : "unsupported"}};
}
json Of(const nn::Flatten&) { return {{"op", "flatten"}}; }
json Of(const nn::MapToTokens&) { return {{"op", "map_to_tokens"}}; }
json Of(const nn::ClassToken&) { return {{"op", "class_token"}}; }
json Of(const nn::PositionEmbedding&) { return {{"op", "add_constant"}}; }
json Of(const nn::Linear& op) { return {{"op", "linear"}, {"bias", op.bias}}; }
json Of(const nn::Attention& op) {
  return {{"op", op.causal ? "unsupported" : "attention"},
          {"heads", op.heads},
          {"channels", op.channels}};
}
json Of(const nn::Concat&) { return {{"op", "unsupported"}}; }
json Of(const nn::CosineLinear&) { return {{"op", "unsupported"}}; }
json Of(const nn::Embedding&) { return {{"op", "unsupported"}}; }

absl::Status Export(const std::string& weights_folder, const std::string& model_file,
                    const std::string& out) {
  GRAFT_ASSIGN_OR_RETURN(const auto weights, backbones::BackboneWeights::Load(weights_folder));
  GRAFT_ASSIGN_OR_RETURN(const auto file, artifacts::SafetensorsFile::Open(model_file));
  const auto json_of_model = file->metadata().find("graft.model");
  if (json_of_model == file->metadata().end()) {
    return absl::InvalidArgumentError("no model.safetensors that graft has written");
  }
  GRAFT_ASSIGN_OR_RETURN(const model::ModelDescription description,
                         model::ModelDescriptionFromJson(json_of_model->second));
  GRAFT_ASSIGN_OR_RETURN(serving::SegmentPlan plan,
                         serving::PlanSegments(description, weights->spec()));
  nn::NetworkSpec whole = std::move(plan.own);
  if (plan.own_embeds) {  // without the embedding that is put beside the head's outputs
    const int outputs = whole.nodes.back().inputs.front();
    whole.nodes.resize(static_cast<size_t>(outputs) + 1);
    whole.stages.back().end = outputs + 1;
  }
  if (plan.common.has_value()) {
    nn::NetworkSpec upper = std::move(whole);
    whole = *std::move(plan.common);
    nn::AppendNodes(upper, 0, static_cast<int>(upper.nodes.size()), whole);
  }
  GRAFT_ASSIGN_OR_RETURN(const auto changed, nn::Network::CreateEmpty(weights->spec()));
  for (const int stage : plan.changed) {
    GRAFT_RETURN_IF_ERROR(nn::LoadStages(*file, stage, stage + 1, nn::LoadMode::kBorrow, *changed));
  }
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec head_spec, nn::BuildHead(description.head));
  GRAFT_ASSIGN_OR_RETURN(const auto head, nn::Network::CreateEmpty(std::move(head_spec)));
  GRAFT_RETURN_IF_ERROR(nn::LoadStages(*file, 0, head->num_stages(), nn::LoadMode::kBorrow, *head));
  GRAFT_ASSIGN_OR_RETURN(const auto backbone, weights->MakeNetwork(nn::LoadMode::kBorrow));
  GRAFT_ASSIGN_OR_RETURN(
      const auto segment,
      engine::SegmentOf(whole, {head.get(), changed.get(), backbone.get()}, std::nullopt, weights));

  json network = {{"input", json::parse(model::InputSpecToJson(description.input))},
                  {"outputs", json::parse(description.outputs)},
                  {"nodes", json::array()}};
  std::vector<artifacts::TensorView> tensors;
  size_t next = 0;
  for (const nn::Node& node : whole.nodes) {
    json entry = std::visit([](const auto& op) { return Of(op); }, node.op);
    entry["inputs"] = node.inputs;
    entry["tensors"] = json::array();
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      if (slot.role == nn::Role::kCounter) continue;
      const engine::HostTensor& tensor = segment->tensors[next++];
      entry["tensors"].push_back(tensor.name);
      artifacts::TensorView& view = tensors.emplace_back();
      view.name = tensor.name;
      view.dtype = artifacts::DType::kF32;
      view.shape = tensor.shape.ToVector();
      view.bytes = {reinterpret_cast<const char*>(tensor.data),
                    static_cast<size_t>(tensor.shape.elements()) * sizeof(float)};
    }
    network["nodes"].push_back(std::move(entry));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::string bytes, artifacts::SerializeSafetensors(tensors, {}));
  GRAFT_RETURN_IF_ERROR(WriteFileAtomically(out + "/network.json", network.dump(1)));
  return WriteFileAtomically(out + "/tensors.safetensors", bytes);
}

int Main(int argc, char** argv) {
  std::string weights;
  std::string model;
  std::string out;
  CLI::App app("A published model as a network for other engines");
  app.add_option("--weights", weights, "Folder of the imported backbone")->required();
  app.add_option("--model", model, "The model.safetensors that graft published")->required();
  app.add_option("--out", out, "An existing folder")->required();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Export(weights, model, out);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) { return graft::Main(argc, argv); }
