#ifndef GRAFT_CORE_NN_NETWORK_H_
#define GRAFT_CORE_NN_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/nn/network_spec.h"

namespace graft {

// A tensor of a network by its state-dict name.
struct NamedTensor {
  std::string name;  // e.g. "features.0.weight"
  at::Tensor tensor;
  bool is_parameter = true;  // false: a buffer (running statistics)
  int stage = 0;
};

// The trainable module of a NetworkSpec. Forward runs any run of stages, so that frozen stages can
// be run once and their output cached.
//
// Not safe for concurrent use while training. Without autograd and in evaluation mode, Forward may
// be called from several threads at a time.
class Network {
 public:
  // Weights are drawn from a generator seeded with `seed` alone: convolutions and linear layers
  // Kaiming-uniform with a = sqrt(5) and uniform biases (PyTorch's defaults), norms 1 and 0.
  // INVALID_ARGUMENT where Validate(spec) fails.
  static absl::StatusOr<std::unique_ptr<Network>> Create(NetworkSpec spec, uint64_t seed = 0);

  // The same network without weights: tensors on the "meta" device, to be filled by LoadStages
  // (state_dict.h), nothing trainable. Forward must only run stages that have been filled.
  static absl::StatusOr<std::unique_ptr<Network>> CreateEmpty(NetworkSpec spec);

  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const NetworkSpec& spec() const;
  int num_stages() const;

  // Runs stages [from, to). x: [N, channels, height, width] float32 on the network's device, the
  // network's input for from = 0, else what stage from - 1 gave. The caller owns grad mode.
  // Throws c10::Error as LibTorch does; callers at a public edge use CatchTorchErrors
  // (torch_error.h).
  at::Tensor Forward(const at::Tensor& x, int from, int to) const;

  // From here on, parameters of stages >= `stage` require gradients and those below do not.
  // Pass num_stages() to freeze everything.
  void SetTrainableFrom(int stage);
  int trainable_from() const;

  // Training mode: dropout drops. BatchNorm uses and updates batch statistics only in trainable
  // stages, and only if `update_batch_norm`; a frozen stage's statistics never move.
  void SetTraining(bool training, bool update_batch_norm = false);

  void To(const at::Device& device);

  // A copy of everything, tensors included.
  std::unique_ptr<Network> Clone() const;

  // All tensors in the order of the nodes. Tensors are shared, not copied.
  std::vector<NamedTensor> NamedTensors() const;
  // Those of stages [from, to).
  std::vector<NamedTensor> NamedTensors(int from, int to) const;

  // Replaces a tensor by name. NOT_FOUND; INVALID_ARGUMENT where the shape differs.
  absl::Status SetTensor(const std::string& name, at::Tensor tensor);

 private:
  struct Impl;
  explicit Network(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace graft

#endif  // GRAFT_CORE_NN_NETWORK_H_
