#include "core/engine/device/pass_recorder.h"

#include "core/engine/device/graph_pass_recorder.h"

// Where LibTorch is too old to have graphs that are no vendor's, it has none.
#if __has_include(<ATen/accelerator/Graph.h>)
#include <ATen/accelerator/Graph.h>
#endif

#if GRAFT_CUDA_GRAPHS
#include "core/engine/device/cuda_graphs.h"
#endif

namespace graft::engine {

MakePassRecorder GraphRecorder([[maybe_unused]] at::DeviceType type) {
#if __has_include(<ATen/accelerator/Graph.h>)
  if (at::has_graph_impl(type)) {
    return [] {
      return std::make_unique<
          GraphPassRecorder<at::accelerator::Graph, at::GraphCaptureMode::ThreadLocal>>();
    };
  }
#endif
#if GRAFT_CUDA_GRAPHS
  if (type == at::kCUDA) return [] { return CudaGraphRecorder(); };
#endif
  return {};
}

}  // namespace graft::engine
