#ifndef GRAFT_CORE_TRAINING_NETWORK_NETWORK_UNDER_TRAINING_H_
#define GRAFT_CORE_TRAINING_NETWORK_NETWORK_UNDER_TRAINING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/backbones/weights_catalog.h"
#include "core/model/head_spec.h"
#include "core/nn/network.h"
#include "core/recipes/fine_tune_config.h"
#include "core/training/network/trainable_network.h"

namespace graft::training {

// The shape of the head that `config` asks for on a backbone, for so many outputs.
// INVALID_ARGUMENT when it would be too large.
absl::StatusOr<model::HeadSpec> HeadFor(const recipes::FineTuneConfig& config,
                                        const backbones::BackboneWeights& backbone,
                                        int64_t outputs);

// What the backbone's weights are before training.
enum class BackboneStart { kPretrained, kDrawn };

// The feature stages of a backbone, and a new head.
class NetworkUnderTraining final : public TrainableNetwork {
 public:
  // The head's weights are drawn from `seed`, and the backbone's too or else copied. Both are put
  // at `placement`, where training then computes.
  static absl::StatusOr<std::unique_ptr<NetworkUnderTraining>> Create(
      const backbones::BackboneWeights& backbone, const model::HeadSpec& head, uint64_t seed,
      nn::Placement placement = {}, BackboneStart start = BackboneStart::kPretrained);

  int stages() const override { return stages_; }
  std::string stage_name(int stage) const override;
  at::Tensor Forward(const at::Tensor& x, int from, int to) override;
  at::Tensor HeadInput(const at::Tensor& x, int from) override;
  std::string head_input_name() const override;
  at::Tensor Head(const at::Tensor& head_input) override;
  std::vector<int64_t> input_shape(int stage) const override { return input_shapes_[stage]; }
  int forward_batch(int from, int to) const override;
  std::vector<TrainedTensor> tensors(int stage) const override;
  void SetMode(int first, bool training, recipes::BatchNormMode batch_norm) override;

 private:
  NetworkUnderTraining() = default;

  int stages_ = 0;  // those that the head needs: up to its highest tap, or all
  model::HeadSpec head_spec_;
  std::unique_ptr<nn::Network> backbone_;
  std::unique_ptr<nn::Network> head_;
  std::vector<std::vector<int64_t>> input_shapes_;
  std::vector<int64_t> peak_bytes_;  // of each stage, for one image
  std::vector<int> tap_stages_;      // that the head reads, bottom first
  std::vector<int> tap_nodes_;       // where each of them ends
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_NETWORK_NETWORK_UNDER_TRAINING_H_
