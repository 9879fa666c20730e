#include "core/engine/segment.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::engine {

uint64_t TensorBytes(const nn::NetworkSpec& spec) {
  uint64_t bytes = 0;
  for (const nn::Node& node : spec.nodes) {
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      if (slot.role == nn::Role::kCounter) continue;
      bytes += static_cast<uint64_t>(slot.shape.elements()) * sizeof(float);
    }
  }
  return bytes;
}

uint64_t Segment::input_bytes(size_t index) const {
  const nn::NetworkInput& input = spec.inputs[index];
  const auto elements = static_cast<uint64_t>(input.shape.elements());
  if (index == 0 && pixels.has_value()) return elements;
  return elements * (input.integers ? sizeof(int64_t) : sizeof(float));
}

absl::Status Validate(const Segment& segment) {
  GRAFT_RETURN_IF_ERROR(nn::Validate(segment.spec));
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(segment.spec.architecture, ": ", what));
  };
  if (segment.spec.stages.size() != 1) return wrong("a segment has one stage");
  if (segment.spec.inputs.size() > kMaxInputs)
    return wrong("it has more inputs than segments have");
  size_t next = 0;
  for (const nn::Node& node : segment.spec.nodes) {
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      if (slot.role == nn::Role::kCounter) continue;
      const std::string name = nn::TensorName(node, slot);
      if (next == segment.tensors.size() || segment.tensors[next].name != name) {
        return wrong(absl::StrCat("tensor \"", name, "\" is not where it is expected"));
      }
      const HostTensor& tensor = segment.tensors[next++];
      if (!(tensor.shape == slot.shape) || tensor.data == nullptr) {
        return wrong(absl::StrCat("tensor \"", name, "\" is ", tensor.shape.ToString(), ", not ",
                                  slot.shape.ToString(), ", or has no values"));
      }
    }
  }
  if (next != segment.tensors.size()) return wrong("there are tensors that belong to no node");
  if (segment.pixels.has_value()) {
    const nn::Shape picture{3, segment.pixels->height, segment.pixels->width};
    const nn::Shape& input = segment.spec.inputs[0].shape;
    if (!(input == picture)) {
      return wrong(absl::StrCat("pictures are ", picture.ToString(), ", and the network reads ",
                                input.ToString()));
    }
  }
  return absl::OkStatus();
}

}  // namespace graft::engine
