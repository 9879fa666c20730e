#ifndef GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_
#define GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"

#include "core/backbones/weights_catalog.h"
#include "core/image/probe.h"
#include "core/model/model_description.h"
#include "core/nn/network.h"
#include "core/serving/model_source.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"
#include "core/tasks/decoder.h"

namespace graft::serving {

// The lower stages of a backbone as a network whose float32 tensors point into the weights' memory
// map, and whose others are float32 copies: however many models ride on it, its weights are in
// memory once.
struct SharedBackbone {
  std::shared_ptr<const backbones::BackboneWeights> weights;  // outlives the network
  std::unique_ptr<const nn::Network> network;
  int stages = 0;      // those that have weights: [0, stages)
  uint64_t bytes = 0;  // of their tensors

  // The batch keys, of models that change nothing of it, whose passes have been warmed.
  mutable absl::Mutex mutex;
  mutable absl::flat_hash_set<std::string> warmed ABSL_GUARDED_BY(mutex);
};

// Bytes of tensors, of those without memory too.
uint64_t TensorBytes(const std::vector<nn::NamedTensor>& tensors);

// A model as a delta over a shared backbone: stages below the first changed one are the backbone's
// own tensors; those from there on, and the head, are the model's.
class NetworkServable final : public Servable {
 public:
  struct Parts {
    model::ModelDescription description;
    std::unique_ptr<const ModelArtifact> artifact;  // what the model's own tensors point into
    std::shared_ptr<const SharedBackbone> backbone;
    // Null when no stage is changed: the backbone's own network then serves all such models in one
    // pass. Otherwise a network whose unchanged tensors are the backbone's.
    std::unique_ptr<const nn::Network> changed;
    std::unique_ptr<const nn::Network> head;
    std::unique_ptr<const tasks::Decoder> decoder;  // of what the head gives
    int cut_stage = 0;                              // features come out of stages [0, cut_stage)
    std::vector<int> taps;  // nodes that the head reads; empty: the last stage
    std::string batch_key;
    ModelBytes memory;
    image::ImageLimits image_limits;
    int max_rows = 1;
  };
  explicit NetworkServable(Parts parts) : parts_(std::move(parts)) {}

  const tasks::Decoder& decoder() const override { return *parts_.decoder; }
  const std::string& batch_key() const override { return parts_.batch_key; }
  const ModelBytes& memory() const override { return parts_.memory; }

  int max_rows() const override { return parts_.max_rows; }
  uint64_t prepared_bytes() const override;

  absl::StatusOr<PreparedInput> Prepare(const PredictInput& input) const override;
  absl::StatusOr<std::vector<std::vector<float>>> Run(
      const std::vector<ServableRow>& rows) const override;

  // A pass of `rows` blank images, so that the first request at this size waits for nothing to be
  // set up or read from disk. Without `features` of the head only.
  absl::Status Warm(int rows, bool features) const;

  // Whether its features are the backbone's own, computed in one pass with other models'.
  bool shares_features() const { return parts_.changed == nullptr; }
  const SharedBackbone& backbone() const { return *parts_.backbone; }
  const model::InputSpec& input() const { return parts_.description.input; }

  // For tests of what is shared: the network that computes the features.
  const nn::Network& features() const {
    return parts_.changed != nullptr ? *parts_.changed : *parts_.backbone->network;
  }

 private:
  // What this model's head reads of a batch, and that of all with the same batch key.
  at::Tensor HeadInput(const at::Tensor& batch) const;

  const Parts parts_;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_
