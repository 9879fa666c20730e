#ifndef GRAFT_CORE_NN_NETWORK_SPEC_H_
#define GRAFT_CORE_NN_NETWORK_SPEC_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// A network as data. From this one description come the trainable module (network.h), freeze and
// cache points, shapes, parameter counts and cost. No LibTorch here.

enum class Padding {
  kExplicit,  // `padding` pixels on each side
  // TensorFlow's "SAME": output ceil(in / stride); where the total is odd the extra pixel goes to
  // the right and bottom.
  kSame,
};

// Weight [out, in / groups, kernel, kernel], bias [out]; square kernels.
struct Conv2d {
  int in_channels = 0;
  int out_channels = 0;
  int kernel = 1;
  int stride = 1;
  Padding padding_mode = Padding::kExplicit;
  int padding = 0;
  int groups = 1;
  bool bias = true;
};

// Weight, bias, running_mean, running_var [channels], num_batches_tracked.
struct BatchNorm2d {
  int channels = 0;
  double epsilon = 1e-5;
  double momentum = 0.1;  // PyTorch's: new = (1 - momentum) * old + momentum * batch
};

enum class ActivationKind { kRelu, kRelu6, kSilu, kSigmoid };
struct Activation {
  ActivationKind kind = ActivationKind::kRelu;
};

struct Add {};       // of two equal shapes
struct Multiply {};  // [N,C,H,W] * [N,C,1,1]: a squeeze-and-excitation gate

struct MaxPool2d {
  int kernel = 2;
  int stride = 2;
};

// Average pool to a fixed size; {1, 1} is the global average pool.
struct AdaptiveAvgPool2d {
  int height = 1;
  int width = 1;
};

struct Flatten {};  // [N, ...] -> [N, rest]

// Weight [out, in], bias [out].
struct Linear {
  int in_features = 0;
  int out_features = 0;
};

struct Dropout {
  double probability = 0.5;
};

using Op = std::variant<Conv2d, BatchNorm2d, Activation, Add, Multiply, MaxPool2d,
                        AdaptiveAvgPool2d, Flatten, Linear, Dropout>;

// The network's own input, as a node's input.
inline constexpr int kNetworkInput = -1;

struct Node {
  // The prefix of its state-dict names, torchvision's or timm's letter for letter; empty for nodes
  // without parameters.
  std::string name;
  Op op;
  std::vector<int> inputs;  // earlier nodes, or kNetworkInput
};

// A run of nodes whose only input is the last node of the stage before: where one stage ends the
// network can be cut, frozen and its activation cached.
struct Stage {
  std::string name;
  int begin = 0;  // nodes [begin, end)
  int end = 0;
};

struct Shape {
  int channels = 0;
  int height = 1;  // 1x1 after Flatten and Linear
  int width = 1;
  friend bool operator==(const Shape&, const Shape&) = default;
};

struct NetworkSpec {
  std::string architecture;  // e.g. "vgg16"
  int input_channels = 3;
  // A size that the network takes: where Flatten comes before Linear, the only one.
  int input_height = 256;
  int input_width = 256;
  std::vector<Node> nodes;
  std::vector<Stage> stages;
  // Stages [0, feature_stages) are the backbone proper and give a feature map [N,C,H,W]; those
  // behind are the published classifier, which a weights file may lack.
  int feature_stages = 0;

  // The index of a stage by name, or -1.
  int FindStage(absl::string_view name) const;
};

// Whether inputs come before their users, stages cover the nodes end to end, no stage reads across
// a stage's border, and channels agree. INVALID_ARGUMENT names the node.
absl::Status Validate(const NetworkSpec& spec);

// The output shape of each node for one image of `height` x `width`. INVALID_ARGUMENT where the
// image is too small or channels do not agree.
absl::StatusOr<std::vector<Shape>> InferShapes(const NetworkSpec& spec, int height, int width);

// The shape that comes out of stages [0, stage_end).
absl::StatusOr<Shape> ShapeAfter(const NetworkSpec& spec, int stage_end, int height, int width);

// Trainable parameters of stages [begin, end), without running statistics.
int64_t CountParameters(const NetworkSpec& spec, int begin, int end);

// Floating-point operations of stages [begin, end) for one image: two a multiply-add, convolutions
// and linear layers only.
absl::StatusOr<int64_t> CountFlops(const NetworkSpec& spec, int begin, int end, int height,
                                   int width);

// Appends nodes and closes stages; what builders of architectures are written with.
class SpecBuilder {
 public:
  explicit SpecBuilder(std::string architecture, Shape input = {3, 256, 256}) {
    spec_.architecture = std::move(architecture);
    spec_.input_channels = input.channels;
    spec_.input_height = input.height;
    spec_.input_width = input.width;
  }
  // Appends a node that reads the node before it. Returns its index.
  int Append(std::string name, const Op& op) { return Append(std::move(name), op, {last()}); }
  int Append(std::string name, const Op& op, std::vector<int> inputs) {
    spec_.nodes.push_back({std::move(name), op, std::move(inputs)});
    return last();
  }
  // The newest node, or kNetworkInput.
  int last() const { return static_cast<int>(spec_.nodes.size()) - 1; }
  void EndStage(std::string name) {
    const int begin = spec_.stages.empty() ? 0 : spec_.stages.back().end;
    spec_.stages.push_back({std::move(name), begin, static_cast<int>(spec_.nodes.size())});
  }
  // What is behind belongs to the published classifier.
  void EndFeatures() { spec_.feature_stages = static_cast<int>(spec_.stages.size()); }
  NetworkSpec Take() { return std::move(spec_); }

 private:
  NetworkSpec spec_;
};

}  // namespace graft

#endif  // GRAFT_CORE_NN_NETWORK_SPEC_H_
