#include "core/nn/forward_memory.h"

#include <algorithm>
#include <vector>

#include "core/base/status_macros.h"

namespace graft::nn {
namespace {

int64_t BytesOf(const Shape& shape) { return shape.elements() * int64_t{sizeof(float)}; }

}  // namespace

absl::StatusOr<int64_t> PeakActivationBytes(const NetworkSpec& spec, int from, int to,
                                            absl::Span<const Shape> inputs) {
  const int begin = from == 0 ? 0 : spec.stages[from - 1].end;
  const int end = to == 0 ? 0 : spec.stages[to - 1].end;
  NetworkSpec part = spec;  // the classifier behind may take another size only
  part.nodes.resize(end);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(part, inputs));
  std::vector<int> last_use(end, end);
  for (int i = begin; i < end; ++i) {
    for (const int input : spec.nodes[i].inputs) {
      if (input >= 0) last_use[input] = i;
    }
  }
  int64_t live = BytesOf(begin == 0 ? inputs[0] : shapes[begin - 1]);  // what comes in
  for (const Shape& beside : inputs.subspan(1)) live += BytesOf(beside);
  int64_t peak = live;
  for (int i = begin; i < end; ++i) {
    live += BytesOf(shapes[i]);
    const int64_t scratch =
        ScratchBytesOf(spec.nodes[i].op, ShapesInto(spec, i, inputs, shapes), shapes[i]);
    peak = std::max(peak, live + scratch);
    for (int made = begin; made < i; ++made) {
      if (last_use[made] == i) live -= BytesOf(shapes[made]);
    }
  }
  return peak;
}

absl::StatusOr<int64_t> PeakActivationBytes(const NetworkSpec& spec, int from, int to, int height,
                                            int width) {
  return PeakActivationBytes(spec, from, to, ImageInputs(spec, height, width));
}

int ForwardBatch(int64_t bytes_per_image) {
  int batch = kMaxForwardBatch;
  while (batch > 1 && batch * bytes_per_image > kForwardBytes) batch /= 2;
  return batch;
}

}  // namespace graft::nn
