#ifndef GRAFT_CORE_SERVING_SHARED_BACKBONE_H_
#define GRAFT_CORE_SERVING_SHARED_BACKBONE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "core/backbones/weights_catalog.h"
#include "core/nn/network.h"

namespace graft::serving {

// The lower stages of a backbone as a network whose float32 tensors point into the weights' memory
// map, and whose others are float32 copies: however many models ride on it, its weights are in
// memory once.
struct SharedBackbone {
  std::shared_ptr<const backbones::BackboneWeights> weights;  // outlives the network
  std::unique_ptr<const nn::Network> network;
  int stages = 0;      // those that have weights: [0, stages)
  uint64_t bytes = 0;  // of their tensors
};

// Bytes of tensors, of those without memory too.
uint64_t TensorBytes(const std::vector<nn::NamedTensor>& tensors);

// The backbones that are in memory, each tensor of them once. Keeps none alive. Safe for concurrent
// use.
class SharedBackbones {
 public:
  // Stages [0, stages) of the backbone of these weights. Errors as nn::LoadStages.
  absl::StatusOr<std::shared_ptr<const SharedBackbone>> Get(
      std::shared_ptr<const backbones::BackboneWeights> weights, int stages)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;  // held while one is made: two copies would be the waste
  // By digest, then by how many stages it has; expired once nobody uses it.
  absl::flat_hash_map<std::string, std::map<int, std::weak_ptr<const SharedBackbone>>> backbones_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_SHARED_BACKBONE_H_
