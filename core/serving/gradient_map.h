#ifndef GRAFT_CORE_SERVING_GRADIENT_MAP_H_
#define GRAFT_CORE_SERVING_GRADIENT_MAP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/model/heat_map.h"
#include "core/model/model_description.h"
#include "core/nn/network.h"

namespace graft::serving {

// Which places of a picture speak for one of a model's outputs: Grad-CAM (Selvaraju et al. 2017).
// The last feature map is weighed, channel by channel, with the output's mean gradient, and what is
// above 0 of the sum is the heat. Of a network of tokens it is what enters the last block with
// attention, its patch tokens as a map: the class token reads the others there for the last time.
//
// Computed by LibTorch in float32, whatever engine serves the model. Immutable; safe for concurrent
// use.
class GradientMapper {
 public:
  struct Networks {
    std::shared_ptr<const nn::Network> backbone;  // stages that are not changed
    std::shared_ptr<const nn::Network> changed;   // those that are
    std::vector<int> changed_stages;
    std::shared_ptr<const nn::Network> head;
    int cut = 0;  // stages [0, cut) make the features
  };

  // `description` goes with the networks.
  GradientMapper(Networks networks, const model::ModelDescription& description)
      : networks_(std::move(networks)), description_(description) {}

  struct Mapped {
    model::HeatMap map;  // over the whole input
    std::vector<float> outputs;
    int64_t of = 0;  // the output that is explained
  };
  // Of one input, uint8 [height, width, 3] in the model's channel order. `choose` says which output
  // is meant, once they are known. UNIMPLEMENTED: no stage of the network gives a map. Errors of
  // `choose`; may throw as LibTorch does.
  absl::StatusOr<Mapped> Map(
      absl::Span<const uint8_t> pixels,
      const std::function<absl::StatusOr<int64_t>(absl::Span<const float>)>& choose) const;

 private:
  at::Tensor RunStage(const at::Tensor& x, int stage) const;

  const Networks networks_;
  const model::ModelDescription description_;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_GRADIENT_MAP_H_
