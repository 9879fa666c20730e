#ifndef GRAFT_CORE_NN_NETWORK_SPEC_H_
#define GRAFT_CORE_NN_NETWORK_SPEC_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/nn/ops/op.h"
#include "core/nn/shape.h"

namespace graft::nn {

// A network as data. From this one description come the trainable module (network.h), freeze and
// cache points, shapes, parameter counts and cost. No LibTorch here.

// What a caller gives. The first one flows through the stages; the others (a mask) lie beside them:
// nodes of every stage may read them.
struct NetworkInput {
  std::string name = "image";
  // A size that the network takes: where Flatten comes before Linear, or positions are learnt, the
  // only one.
  Shape shape = {};
  bool integers = false;  // token ids; else float32
  // A caller may leave it out; only what an operation can do without.
  bool optional = false;
};

// Input `index` of the network, as a node's input.
constexpr int InputNode(int index) { return -1 - index; }
// The first one.
inline constexpr int kNetworkInput = InputNode(0);

struct Node {
  // The prefix of its state-dict names, torchvision's or timm's letter for letter; empty for nodes
  // without parameters.
  std::string name;
  Op op;
  std::vector<int> inputs;  // earlier nodes, or InputNode(i)
};

// A tensor's state-dict name: the node's, a dot and the slot's, or the node's alone.
std::string TensorName(const Node& node, const Slot& slot);

// A run of nodes whose only input is the last node of the stage before: where one stage ends the
// network can be cut, frozen and its activation cached.
struct Stage {
  std::string name;
  int begin = 0;  // nodes [begin, end)
  int end = 0;
};

// An output within the network that has a name, for what reads several (pyramids, decoders, heads
// on joined features).
struct Tap {
  std::string name;
  int node = 0;
};

struct NetworkSpec {
  std::string architecture;  // e.g. "vgg16"
  std::vector<NetworkInput> inputs;
  std::vector<Node> nodes;
  std::vector<Stage> stages;
  std::vector<Tap> taps;  // beside the ends of the stages, which are taps by their stage's name
  // Stages [0, feature_stages) are the backbone proper and give a feature map [C, H, W] or tokens
  // [T, C]; those behind are the published classifier, which a weights file may lack.
  int feature_stages = 0;
  // Of the features' tokens: class tokens and the like in front, which are no places in the image.
  int prefix_tokens = 0;

  // The index of a stage by name, or -1.
  int FindStage(absl::string_view name) const;
  // The node that a tap of this name looks at: one of `taps`, or the last of a stage; -1 for none.
  int FindTap(absl::string_view name) const;
};

// Whether inputs come before their users, stages cover the nodes end to end, no stage reads across
// a stage's border, each operation's own sizes make sense, names and taps are unique, and shapes
// agree. INVALID_ARGUMENT names the node.
absl::Status Validate(const NetworkSpec& spec);

// The shapes of the network's inputs, in their order.
std::vector<Shape> InputShapes(const NetworkSpec& spec);

// The same for an image of `height` x `width`: the first one changed.
std::vector<Shape> ImageInputs(const NetworkSpec& spec, int height, int width);

// The output shape of each node for one example of these inputs. INVALID_ARGUMENT where it is too
// small or shapes do not agree.
absl::StatusOr<std::vector<Shape>> InferShapes(const NetworkSpec& spec,
                                               absl::Span<const Shape> inputs);
// The same for an image.
absl::StatusOr<std::vector<Shape>> InferShapes(const NetworkSpec& spec, int height, int width);

// The shapes that node `index` reads.
std::vector<Shape> ShapesInto(const NetworkSpec& spec, int index, absl::Span<const Shape> inputs,
                              absl::Span<const Shape> shapes);

// The shape that comes out of stages [0, stage_end).
absl::StatusOr<Shape> ShapeAfter(const NetworkSpec& spec, int stage_end, int height, int width);

// Trainable parameters of stages [begin, end), without running statistics.
int64_t CountParameters(const NetworkSpec& spec, int begin, int end);

// Floating-point operations of stages [begin, end) for one image, as the operations count them
// (ops/op.h): two a multiply-add.
absl::StatusOr<int64_t> CountFlops(const NetworkSpec& spec, int begin, int end, int height,
                                   int width);
// The same for one example whose inputs have these shapes.
absl::StatusOr<int64_t> CountFlops(const NetworkSpec& spec, int begin, int end,
                                   absl::Span<const Shape> inputs);

// Appends nodes and closes stages; what builders of architectures are written with.
class SpecBuilder {
 public:
  // Of one input, an image.
  explicit SpecBuilder(std::string architecture, Shape input = {3, 256, 256})
      : SpecBuilder(std::move(architecture),
                    std::vector<NetworkInput>{{.name = "image", .shape = input}}) {}
  SpecBuilder(std::string architecture, std::vector<NetworkInput> inputs) {
    spec_.architecture = std::move(architecture);
    spec_.inputs = std::move(inputs);
  }
  // Appends a node that reads the node before it. Returns its index.
  int Append(std::string name, const Op& op) { return Append(std::move(name), op, {last()}); }
  int Append(std::string name, const Op& op, std::vector<int> inputs) {
    spec_.nodes.push_back({std::move(name), op, std::move(inputs)});
    return last();
  }
  // Gives the newest node's output a name.
  void AddTap(std::string name) { spec_.taps.push_back({std::move(name), last()}); }
  // The newest node, or kNetworkInput.
  int last() const { return static_cast<int>(spec_.nodes.size()) - 1; }
  void EndStage(std::string name) {
    const int begin = spec_.stages.empty() ? 0 : spec_.stages.back().end;
    spec_.stages.push_back({std::move(name), begin, static_cast<int>(spec_.nodes.size())});
  }
  // What is behind belongs to the published classifier.
  void EndFeatures(int prefix_tokens = 0) {
    spec_.feature_stages = static_cast<int>(spec_.stages.size());
    spec_.prefix_tokens = prefix_tokens;
  }
  NetworkSpec Take() { return std::move(spec_); }

 private:
  NetworkSpec spec_;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_NETWORK_SPEC_H_
