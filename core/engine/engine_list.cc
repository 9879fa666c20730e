#include "core/engine/engine_list.h"

#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"

namespace graft::engine {

std::vector<std::shared_ptr<const EngineFactory>> AllEngines() {
  return {std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino, Precision::kInt8),
          std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino, Precision::kBf16),
          std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino),
          std::make_shared<EagerEngineFactory>()};
}

}  // namespace graft::engine
