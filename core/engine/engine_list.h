#ifndef GRAFT_CORE_ENGINE_ENGINE_LIST_H_
#define GRAFT_CORE_ENGINE_ENGINE_LIST_H_

#include <memory>
#include <vector>

#include "core/engine/engine.h"

namespace graft::engine {

// The engines that are built in, in the order in which they are asked: those of fewer bits, which
// are faster, before those of more, and LibTorch, which takes all, at the end.
std::vector<std::shared_ptr<const EngineFactory>> AllEngines();

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_ENGINE_LIST_H_
