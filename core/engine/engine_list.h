#ifndef GRAFT_CORE_ENGINE_ENGINE_LIST_H_
#define GRAFT_CORE_ENGINE_ENGINE_LIST_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/engine/engine.h"

namespace graft::engine {

using EngineFactories = std::vector<std::shared_ptr<const EngineFactory>>;

// The engines of the CPU, in the order in which they are asked: those of fewer bits, which are
// faster, before those of more, and LibTorch, which takes all, at the end.
EngineFactories AllEngines();

// The engines of `device` (nn::ResolveDevice), which for an accelerator are its own and behind them
// the CPU's in float32: a model that it has no memory for answers all the same. `only_libtorch`
// leaves out those of other libraries. Errors of nn::FindDevice.
absl::StatusOr<EngineFactories> EnginesOn(absl::string_view device, bool only_libtorch = false);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_ENGINE_LIST_H_
