#include "bench/engine_experiment/plan.h"

namespace graft::engine_experiment {

std::unique_ptr<Engine> MakeOneDnn(const Plan&, bool, int) { return nullptr; }

}  // namespace graft::engine_experiment
