#ifndef GRAFT_CORE_ENGINE_DEVICE_GRAPH_PASS_RECORDER_H_
#define GRAFT_CORE_ENGINE_DEVICE_GRAPH_PASS_RECORDER_H_

#include <functional>
#include <memory>

#include <c10/core/Allocator.h>

#include "core/engine/device/pass_recorder.h"

namespace graft::engine {

// Records by one of LibTorch's graphs, of no vendor or of one. `kThreadLocal`: the mode in which
// other threads may use the device meanwhile, for other models answer.
template <typename Graph, auto kThreadLocal>
class GraphPassRecorder final : public PassRecorder {
 public:
  std::unique_ptr<RecordedPass> Record(const std::function<void()>& pass) override {
    auto recorded = std::make_unique<RecordedGraph>();
    recorded->graph.capture_begin(pool_, kThreadLocal);
    try {
      pass();
    } catch (...) {
      try {
        recorded->graph.capture_end();
      } catch (...) {  // what the pass threw says why
      }
      throw;
    }
    recorded->graph.capture_end();
    pool_ = recorded->graph.pool();
    return recorded;
  }

 private:
  struct RecordedGraph final : RecordedPass {
    void Replay() override { graph.replay(); }
    Graph graph;
  };

  c10::MempoolId_t pool_{0, 0};  // none yet: the first graph makes it
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_DEVICE_GRAPH_PASS_RECORDER_H_
