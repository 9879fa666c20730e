#include "core/training/network/network_under_training.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "core/base/status_macros.h"
#include "core/nn/forward_memory.h"
#include "core/nn/head.h"
#include "core/nn/pooling.h"
#include "core/nn/torch_error.h"
#include "core/recipes/resolve.h"

namespace graft::training {

absl::StatusOr<model::HeadSpec> HeadFor(const recipes::FineTuneConfig& config,
                                        const backbones::BackboneWeights& backbone,
                                        int64_t outputs) {
  const model::InputSpec& input = backbone.input();
  GRAFT_ASSIGN_OR_RETURN(const std::vector<model::StageFeatures> stages,
                         nn::StageFeaturesOf(backbone.spec(), input.height, input.width));
  const model::HeadSpec head = recipes::HeadSpecOf(config, stages, outputs);
  GRAFT_RETURN_IF_ERROR(model::ValidateHeadSpec(head));
  return head;
}

namespace {

// Without the published classifier: VGG16's would be 494 MB more.
absl::StatusOr<std::unique_ptr<nn::Network>> MakeBackbone(
    const backbones::BackboneWeights& backbone, int stages, uint64_t seed, nn::Placement placement,
    BackboneStart start) {
  if (start == BackboneStart::kPretrained) {
    return backbone.MakeNetwork(nn::LoadMode::kCopy, stages, placement);
  }
  nn::NetworkSpec spec = backbone.spec();
  spec.stages.resize(stages);
  spec.nodes.resize(spec.stages.back().end);
  spec.feature_stages = stages;
  std::erase_if(spec.taps, [&](const nn::Tap& tap) { return tap.node >= spec.stages.back().end; });
  return nn::Network::Create(std::move(spec), seed, placement);
}

}  // namespace

absl::StatusOr<std::unique_ptr<NetworkUnderTraining>> NetworkUnderTraining::Create(
    const backbones::BackboneWeights& backbone, const model::HeadSpec& head, uint64_t seed,
    nn::Placement placement, BackboneStart start) {
  return nn::CatchTorchErrors(
      "building the network", [&]() -> absl::StatusOr<std::unique_ptr<NetworkUnderTraining>> {
        std::unique_ptr<NetworkUnderTraining> made(new NetworkUnderTraining());
        made->head_spec_ = head;
        made->stages_ = backbone.spec().feature_stages;
        GRAFT_ASSIGN_OR_RETURN(made->tap_nodes_,
                               nn::TapNodes(head, backbone.spec(), made->stages_));
        for (const model::StageFeatures& tap : head.taps) {
          made->tap_stages_.push_back(backbone.spec().FindStage(tap.stage));
        }
        if (!head.taps.empty()) made->stages_ = made->tap_stages_.back() + 1;
        GRAFT_ASSIGN_OR_RETURN(made->backbone_,
                               MakeBackbone(backbone, made->stages_, seed, placement, start));
        GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec head_spec, nn::BuildHead(head));
        GRAFT_ASSIGN_OR_RETURN(made->head_,
                               nn::Network::Create(std::move(head_spec), seed, placement));
        const model::InputSpec& input = backbone.input();
        for (int stage = 0; stage <= made->stages_; ++stage) {
          GRAFT_ASSIGN_OR_RETURN(const nn::Shape shape,
                                 nn::ShapeAfter(backbone.spec(), stage, input.height, input.width));
          made->input_shapes_.push_back(shape.ToVector());
        }
        if (head.pools()) made->input_shapes_.back() = {head.features.channels};
        for (int stage = 0; stage < made->stages_; ++stage) {
          GRAFT_ASSIGN_OR_RETURN(made->peak_bytes_.emplace_back(),
                                 nn::PeakActivationBytes(backbone.spec(), stage, stage + 1,
                                                         input.height, input.width));
        }
        return made;
      });
}

std::string NetworkUnderTraining::stage_name(int stage) const {
  return backbone_->spec().stages[stage].name;
}

at::Tensor NetworkUnderTraining::Forward(const at::Tensor& x, int from, int to) {
  return backbone_->Forward(x, from, to);
}

at::Tensor NetworkUnderTraining::HeadInput(const at::Tensor& x, int from) {
  if (tap_nodes_.empty()) {
    const at::Tensor features = backbone_->Forward(x, from, stages_);
    return head_spec_.pools() ? nn::PoolFeatures(head_spec_, features) : features;
  }
  // What enters stage `from` is what leaves the one below, which may be the lowest tap.
  const bool has_lowest = tap_stages_.front() < from;
  const absl::Span<const int> nodes = absl::MakeConstSpan(tap_nodes_).subspan(has_lowest ? 1 : 0);
  std::vector<at::Tensor> read = backbone_->ForwardTaps({x}, from, stages_, nodes);
  if (has_lowest) read.insert(read.begin(), x);
  return nn::JoinTaps(head_spec_, read);
}

std::string NetworkUnderTraining::head_input_name() const {
  if (!head_spec_.pools()) return "map";
  // The name that features are cached under: a mean's is older than the other kinds.
  std::string name = head_spec_.pooling == model::Pooling::kMean
                         ? "pooled"
                         : std::string(model::PoolingName(head_spec_.pooling));
  for (const model::StageFeatures& tap : head_spec_.taps) absl::StrAppend(&name, ":", tap.stage);
  return name;
}

at::Tensor NetworkUnderTraining::Head(const at::Tensor& head_input) {
  return head_->Forward(head_input, 0, 1);
}

int NetworkUnderTraining::forward_batch(int from, int to) const {
  int64_t peak = 0;
  for (int stage = from; stage < to; ++stage) peak = std::max(peak, peak_bytes_[stage]);
  return nn::ForwardBatch(peak);
}

std::vector<TrainedTensor> NetworkUnderTraining::tensors(int stage) const {
  const std::vector<nn::NamedTensor> named =
      stage == stages_ ? head_->NamedTensors() : backbone_->NamedTensors(stage, stage + 1);
  std::vector<TrainedTensor> out;
  for (const nn::NamedTensor& tensor : named) {
    out.push_back({tensor.name, tensor.tensor, tensor.is_parameter, tensor.decays});
  }
  return out;
}

void NetworkUnderTraining::SetMode(int first, bool training, recipes::BatchNormMode batch_norm) {
  const bool update = batch_norm == recipes::BatchNormMode::kBatchStatistics;
  backbone_->SetTrainableFrom(first);
  // Dropout of the backbone's own is for those of its stages that are trained.
  backbone_->SetTraining(training && first < stages_, update);
  head_->SetTrainableFrom(0);
  // A head's own norms begin without statistics: theirs are always those of the batches.
  head_->SetTraining(training, /*update_batch_norm=*/true);
}

}  // namespace graft::training
