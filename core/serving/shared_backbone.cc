#include "core/serving/shared_backbone.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/nn/state_dict.h"

namespace graft::serving {

uint64_t TensorBytes(const std::vector<nn::NamedTensor>& tensors) {
  uint64_t bytes = 0;
  for (const nn::NamedTensor& named : tensors) bytes += named.tensor.nbytes();
  return bytes;
}

absl::StatusOr<std::shared_ptr<const SharedBackbone>> SharedBackbones::Get(
    std::shared_ptr<const backbones::BackboneWeights> weights, int stages) {
  absl::MutexLock lock(&mutex_);
  auto& known = backbones_[weights->digest()];
  std::erase_if(known, [](const auto& pair) { return pair.second.expired(); });
  if (const auto it = known.find(stages); it != known.end()) {
    if (std::shared_ptr<const SharedBackbone> shared = it->second.lock()) return shared;
  }
  // What another model has of it is not read again: the deepest has all that any has.
  std::shared_ptr<const SharedBackbone> deepest;
  if (!known.empty()) deepest = known.rbegin()->second.lock();
  const int there = deepest == nullptr ? 0 : std::min(deepest->stages, stages);

  auto made = std::make_shared<SharedBackbone>();
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                         nn::Network::CreateEmpty(weights->spec()));
  if (there > 0) {
    for (const nn::NamedTensor& shared : deepest->network->NamedTensors(0, there)) {
      GRAFT_RETURN_IF_ERROR(network->SetTensor(shared.name, shared.tensor));
    }
  }
  GRAFT_RETURN_IF_ERROR(
      nn::LoadStages(weights->file(), there, stages, nn::LoadMode::kBorrow, *network));
  made->stages = stages;
  made->bytes = TensorBytes(network->NamedTensors(0, stages));
  made->network = std::move(network);
  made->weights = std::move(weights);
  known[stages] = made;
  return made;
}

}  // namespace graft::serving
