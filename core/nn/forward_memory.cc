#include "core/nn/forward_memory.h"

#include <algorithm>
#include <vector>

#include "core/base/status_macros.h"

namespace graft {
namespace {

int64_t BytesOf(const Shape& shape) {
  return int64_t{shape.channels} * shape.height * shape.width * int64_t{sizeof(float)};
}

// "SAME" padding with a stride may pad more on one side, which copies the input.
bool CopiesItsInput(const Op& op) {
  const auto* conv = std::get_if<Conv2d>(&op);
  return conv != nullptr && conv->padding_mode == Padding::kSame && conv->stride > 1;
}

}  // namespace

absl::StatusOr<int64_t> PeakActivationBytes(const NetworkSpec& spec, int from, int to, int height,
                                            int width) {
  const int begin = from == 0 ? 0 : spec.stages[from - 1].end;
  const int end = to == 0 ? 0 : spec.stages[to - 1].end;
  NetworkSpec part = spec;  // the classifier behind may take another size only
  part.nodes.resize(end);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(part, height, width));
  const auto bytes = [&](int node) {
    return BytesOf(node < 0 ? Shape{spec.input_channels, height, width} : shapes[node]);
  };
  std::vector<int> last_use(end, end);
  for (int i = begin; i < end; ++i) {
    for (const int input : spec.nodes[i].inputs) {
      if (input >= 0) last_use[input] = i;
    }
  }
  int64_t live = bytes(begin - 1);  // what comes in
  int64_t peak = live;
  for (int i = begin; i < end; ++i) {
    live += bytes(i);
    const bool copies = CopiesItsInput(spec.nodes[i].op);
    peak = std::max(peak, live + (copies ? bytes(spec.nodes[i].inputs.front()) : 0));
    for (int made = begin; made < i; ++made) {
      if (last_use[made] == i) live -= bytes(made);
    }
  }
  return peak;
}

int ForwardBatch(int64_t bytes_per_image) {
  int batch = kMaxForwardBatch;
  while (batch > 1 && batch * bytes_per_image > kForwardBytes) batch /= 2;
  return batch;
}

}  // namespace graft
