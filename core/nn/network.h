#ifndef GRAFT_CORE_NN_NETWORK_H_
#define GRAFT_CORE_NN_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/network_spec.h"
#include "core/nn/placement.h"

namespace graft::nn {

// A tensor of a network by its state-dict name.
struct NamedTensor {
  std::string name;  // e.g. "features.0.weight"
  at::Tensor tensor;
  bool is_parameter = true;  // false: a buffer (running statistics)
  int stage = 0;
  bool decays = false;  // whether weight decay applies (Slot::decays)
};

// The trainable module of a NetworkSpec. Forward runs any run of stages, so that frozen stages can
// be run once and their output cached.
//
// Not safe for concurrent use while training. Without autograd and in evaluation mode, Forward may
// be called from several threads at a time.
class Network {
 public:
  // Weights are drawn on the CPU from a generator seeded with `seed` alone, as each operation's
  // Slots() say, and then placed: a seed gives the same ones everywhere. INVALID_ARGUMENT where
  // Validate(spec) fails.
  static absl::StatusOr<std::unique_ptr<Network>> Create(NetworkSpec spec, uint64_t seed = 0,
                                                         Placement placement = {});

  // The same network without weights: tensors on the "meta" device, to be filled by LoadStages
  // (state_dict.h), nothing trainable. Forward must only run stages that have been filled.
  static absl::StatusOr<std::unique_ptr<Network>> CreateEmpty(NetworkSpec spec,
                                                              Placement placement = {});

  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const NetworkSpec& spec() const;
  int num_stages() const;

  const Placement& placement() const;

  // Runs stages [from, to). x: the batch and the shape of the network's first input for from = 0,
  // else what stage from - 1 gave; brought to the network's placement, where the result is too. The
  // caller owns grad mode. Throws c10::Error as LibTorch does; callers at a public edge use
  // CatchTorchErrors (torch_error.h).
  at::Tensor Forward(const at::Tensor& x, int from, int to) const;

  // The same with all inputs, and several outputs. inputs: x as above, then the spec's further
  // inputs in their order; the last ones may be left out, and any be undefined, where they are
  // optional. Gives the outputs of the nodes `taps` (NetworkSpec::FindTap), in their order; each
  // must be in stages [from, to).
  std::vector<at::Tensor> ForwardTaps(absl::Span<const at::Tensor> inputs, int from, int to,
                                      absl::Span<const int> taps) const;

  // From here on, parameters of stages >= `stage` require gradients and those below do not.
  // Pass num_stages() to freeze everything.
  void SetTrainableFrom(int stage);
  int trainable_from() const;

  // Training mode: dropout drops. BatchNorm uses and updates batch statistics only in trainable
  // stages, and only if `update_batch_norm`; a frozen stage's statistics never move.
  void SetTraining(bool training, bool update_batch_norm = false);

  // Moves every tensor. Those who hold tensors of before keep those of before: an optimizer must be
  // made afterwards.
  void To(const Placement& placement);

  // A copy of everything, tensors included.
  std::unique_ptr<Network> Clone() const;

  // All tensors in the order of the nodes. Tensors are shared, not copied.
  std::vector<NamedTensor> NamedTensors() const;
  // Those of stages [from, to).
  std::vector<NamedTensor> NamedTensors(int from, int to) const;

  // Replaces a tensor by name, placed where the network is. NOT_FOUND; INVALID_ARGUMENT where the
  // shape differs.
  absl::Status SetTensor(const std::string& name, at::Tensor tensor);

 private:
  struct Impl;
  explicit Network(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_NETWORK_H_
