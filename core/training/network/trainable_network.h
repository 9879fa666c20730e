#ifndef GRAFT_CORE_TRAINING_NETWORK_TRAINABLE_NETWORK_H_
#define GRAFT_CORE_TRAINING_NETWORK_TRAINABLE_NETWORK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"

#include "core/recipes/phase.h"

namespace graft::training {

// A tensor of a network by its state-dict name. Assigning to its values changes the network.
struct TrainedTensor {
  std::string name;
  at::Tensor tensor;
  bool is_parameter = true;  // false: a buffer, such as a running mean
  // Whether weight decay is for it: not for biases, nor for the scales and shifts of norms.
  bool decays = true;
  // Of the backbone's learning rate, what this one takes.
  double rate = 1;
};

// A backbone in stages with a head on it, as the trainer sees them. Stages are numbered from the
// bottom, 0 to stages() - 1; "stage stages()" stands for the head. Functions of LibTorch may throw.
// Not safe for concurrent use.
class TrainableNetwork {
 public:
  virtual ~TrainableNetwork() = default;

  virtual int stages() const = 0;
  virtual std::string stage_name(int stage) const = 0;

  // Runs stages `from` up to, not with, `to`. Stage 0 takes images [batch, channels, height,
  // width] as the backbone's InputSpec has them.
  virtual at::Tensor Forward(const at::Tensor& x, int from, int to) = 0;
  // Runs stages `from` to the last, and what the head does before its first parameter: gives what
  // is worth caching, [batch, channels] where the head pools. Where the head reads several stages,
  // `from` must not lie above what leaves the lowest of them.
  virtual at::Tensor HeadInput(const at::Tensor& x, int from) = 0;
  // Names what HeadInput gives, for the feature cache: "pooled", "map".
  virtual std::string head_input_name() const = 0;
  // From HeadInput's output to the outputs [batch, outputs].
  virtual at::Tensor Head(const at::Tensor& head_input) = 0;

  // What goes into a stage for one image (0: an image), and into Head for stage stages().
  virtual std::vector<int64_t> input_shape(int stage) const = 0;

  // How many images to run through stages [from, to) at a time without gradients, so that the pass
  // takes little memory and can be interrupted soon: a power of two, 1 to 32.
  virtual int forward_batch(int from, int to) const = 0;

  // Parameters and buffers, by the backbone's names, and "head.*" for stages().
  virtual std::vector<TrainedTensor> tensors(int stage) const = 0;

  // From here on stages below `first` take no gradients and keep their BatchNorm statistics; those
  // from it on take gradients, and `batch_norm` says what theirs do while `training`. Dropout is on
  // while `training`.
  virtual void SetMode(int first, bool training, recipes::BatchNormMode batch_norm) = 0;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_NETWORK_TRAINABLE_NETWORK_H_
