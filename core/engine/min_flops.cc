#include "core/engine/min_flops.h"

#include "core/base/status_macros.h"

namespace graft::engine {

absl::Status CheckMinFlops(const Segment& segment, int64_t min_flops) {
  GRAFT_ASSIGN_OR_RETURN(const int64_t flops,
                         nn::CountFlops(segment.spec, 0, 1, nn::InputShapes(segment.spec)));
  if (flops >= min_flops) return absl::OkStatus();
  return absl::UnimplementedError("the segment is too small to gain anything");
}

}  // namespace graft::engine
