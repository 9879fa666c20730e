#include "core/training/loop/schedule.h"

#include <algorithm>
#include <cmath>

namespace graft::training {

double Schedule::Factor(int64_t step) const {
  step = std::clamp<int64_t>(step, 0, std::max<int64_t>(total_steps - 1, 0));
  if (step < warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  }
  if (kind == recipes::ScheduleKind::kConstant) return 1.0;
  constexpr double kPi = 3.14159265358979323846;
  const double t = static_cast<double>(step - warmup_steps) /
                   static_cast<double>(std::max<int64_t>(total_steps - warmup_steps, 1));
  return 0.5 * (1.0 + std::cos(kPi * t));
}

}  // namespace graft::training
