#ifndef GRAFT_CORE_ENGINE_MIN_FLOPS_H_
#define GRAFT_CORE_ENGINE_MIN_FLOPS_H_

#include <cstdint>

#include "absl/status/status.h"

#include "core/engine/segment.h"

namespace graft::engine {

// UNIMPLEMENTED where a row takes fewer floating-point operations than that: for engines to which
// handing a row over takes longer than computing it elsewhere. Pure.
absl::Status CheckMinFlops(const Segment& segment, int64_t min_flops);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_MIN_FLOPS_H_
