#include "core/nn/forward_memory.h"

#include <algorithm>

#include "core/base/status_macros.h"

namespace graft {
namespace {

int64_t BytesOf(const Shape& shape) {
  return int64_t{shape.channels} * shape.height * shape.width * int64_t{sizeof(float)};
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> PeakActivationBytes(const NetworkSpec& spec, int height,
                                                         int width) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(spec, height, width));
  std::vector<int> last_use(spec.nodes.size(), -1);
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    for (const int input : spec.nodes[i].inputs) {
      if (input != kNetworkInput) last_use[input] = static_cast<int>(i);
    }
  }
  std::vector<int64_t> peaks;
  for (const Stage& stage : spec.stages) {
    // The input stays with whoever called.
    int64_t alive = stage.begin == 0 ? BytesOf({spec.input_channels, height, width})
                                     : BytesOf(shapes[stage.begin - 1]);
    int64_t peak = alive;
    for (int i = stage.begin; i < stage.end; ++i) {
      alive += BytesOf(shapes[i]);
      peak = std::max(peak, alive);
      for (int before = stage.begin; before < i; ++before) {
        if (last_use[before] == i) alive -= BytesOf(shapes[before]);
      }
    }
    peaks.push_back(peak);
  }
  return peaks;
}

int ForwardBatch(int64_t bytes_per_image) {
  int batch = kMaxForwardBatch;
  while (batch > 1 && batch * bytes_per_image > kForwardBytes) batch /= 2;
  return batch;
}

}  // namespace graft
