#include "core/engine/device/cuda_graphs.h"

#include <ATen/cuda/CUDAGraph.h>

#include "core/engine/device/graph_pass_recorder.h"

namespace graft::engine {

std::unique_ptr<PassRecorder> CudaGraphRecorder() {
  return std::make_unique<
      GraphPassRecorder<at::cuda::CUDAGraph, cudaStreamCaptureModeThreadLocal>>();
}

}  // namespace graft::engine
