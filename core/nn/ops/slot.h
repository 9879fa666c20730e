#ifndef GRAFT_CORE_NN_OPS_SLOT_H_
#define GRAFT_CORE_NN_OPS_SLOT_H_

#include <limits>

#include "core/nn/shape.h"

namespace graft::nn {

// How a tensor is filled before training.
struct Init {
  enum class Kind {
    kZeros,
    kOnes,
    kUniform,  // in [-bound, bound)
    kNormal,   // mean 0, standard deviation `bound`
    kConstant,
  };
  Kind kind = Kind::kZeros;
  double bound = 0;  // kConstant: the value
};

enum class Role {
  kParameter,  // gets gradients
  kStatistic,  // float32, moved by the forward pass of training: running means and variances
  kCounter,    // int64 scalar
};

// One tensor of an operation.
struct Slot {
  // Behind the node's name and a dot: "weight". Empty where the node's name is the tensor's.
  const char* suffix = "";
  Shape shape = {};
  Init init = {};
  Role role = Role::kParameter;
  // Whether weight decay pulls it to zero: matrices and kernels, and not biases, norms' scales and
  // positions, as torchvision's and timm's recipes have it.
  bool decays = false;
};

// How many tensors an operation reads. Those from position `optional` on may be left out, or be an
// input of the network that a caller does not give.
struct Arity {
  static constexpr int kNone = std::numeric_limits<int>::max();
  int min = 1;
  int max = 1;
  int optional = kNone;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_SLOT_H_
