#ifndef GRAFT_CORE_ENGINE_DEVICE_CUDA_GRAPHS_H_
#define GRAFT_CORE_ENGINE_DEVICE_CUDA_GRAPHS_H_

#include <memory>

#include "core/engine/device/pass_recorder.h"

namespace graft::engine {

// By CUDA's graphs, which LibTorch 2.15 does not have among those of no vendor.
std::unique_ptr<PassRecorder> CudaGraphRecorder();

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_DEVICE_CUDA_GRAPHS_H_
