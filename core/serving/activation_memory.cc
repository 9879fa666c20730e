#include "core/serving/activation_memory.h"

#include <algorithm>
#include <vector>

#include "core/base/status_macros.h"

namespace graft {
namespace {

uint64_t Bytes(const Shape& shape) {
  return sizeof(float) * static_cast<uint64_t>(shape.channels) *
         static_cast<uint64_t>(shape.height) * static_cast<uint64_t>(shape.width);
}

// "SAME" padding with a stride may pad more on one side, which copies the input.
bool CopiesItsInput(const Op& op) {
  const auto* conv = std::get_if<Conv2d>(&op);
  return conv != nullptr && conv->padding_mode == Padding::kSame && conv->stride > 1;
}

}  // namespace

absl::StatusOr<uint64_t> PeakActivationBytes(const NetworkSpec& spec, int stage_end, int height,
                                             int width) {
  const int nodes = stage_end == 0 ? 0 : spec.stages[stage_end - 1].end;
  NetworkSpec part = spec;  // the classifier behind may take another size only
  part.nodes.resize(nodes);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(part, height, width));
  std::vector<int> last_use(nodes, nodes);
  for (int i = 0; i < nodes; ++i) {
    for (const int input : spec.nodes[i].inputs) {
      if (input >= 0) last_use[input] = i;
    }
  }
  const Shape input{spec.input_channels, height, width};
  uint64_t live = Bytes(input);  // the caller holds it to the end
  uint64_t peak = live;
  for (int i = 0; i < nodes; ++i) {
    live += Bytes(shapes[i]);
    uint64_t inside = live;
    const int read = spec.nodes[i].inputs.front();
    if (CopiesItsInput(spec.nodes[i].op)) inside += Bytes(read < 0 ? input : shapes[read]);
    peak = std::max(peak, inside);
    for (int made = 0; made < i; ++made) {
      if (last_use[made] == i) live -= Bytes(shapes[made]);
    }
  }
  return peak;
}

int RowsWithin(uint64_t bytes_per_row, uint64_t budget_bytes, int most) {
  const uint64_t rows = budget_bytes / std::max<uint64_t>(bytes_per_row, 1);
  return static_cast<int>(std::clamp<uint64_t>(rows, 1, static_cast<uint64_t>(most)));
}

}  // namespace graft
