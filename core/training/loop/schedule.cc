#include "core/training/loop/schedule.h"

#include <algorithm>
#include <cmath>

namespace graft::training {
namespace {

constexpr double kPi = 3.14159265358979323846;

// OneCycleLR's defaults.
constexpr double kRisingPart = 0.3;
constexpr double kFirst = 1.0 / 25;
constexpr double kLast = kFirst / 1e4;

constexpr double kPlateauThreshold = 1e-4;

// From `from` to `to` along half a cosine, t from 0 to 1.
double AlongCosine(double from, double to, double t) {
  return to + (from - to) / 2 * (1 + std::cos(kPi * t));
}

double OneCycle(int64_t step, int64_t total_steps) {
  if (total_steps < 2) return 1;
  const double peak = kRisingPart * static_cast<double>(total_steps) - 1;
  const double end = static_cast<double>(total_steps) - 1;
  const auto at = static_cast<double>(step);
  if (at <= peak) return AlongCosine(kFirst, 1, at / peak);
  return end > peak ? AlongCosine(1, kLast, (at - peak) / (end - peak)) : 1;
}

}  // namespace

double Schedule::Factor(int64_t step) const {
  step = std::clamp<int64_t>(step, 0, std::max<int64_t>(total_steps - 1, 0));
  if (kind == recipes::ScheduleKind::kOneCycle) return OneCycle(step, total_steps);
  if (step < warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  }
  switch (kind) {
    case recipes::ScheduleKind::kStep:
      return std::pow(drop, static_cast<double>(step / std::max<int64_t>(drop_steps, 1)));
    case recipes::ScheduleKind::kConstant:
    case recipes::ScheduleKind::kPlateau:
    case recipes::ScheduleKind::kOneCycle:
      return 1.0;
    case recipes::ScheduleKind::kCosine:
      break;
  }
  const double t = static_cast<double>(step - warmup_steps) /
                   static_cast<double>(std::max<int64_t>(total_steps - warmup_steps, 1));
  return AlongCosine(1, 0, t);
}

void PlateauWatch::Observe(double cost, int patience, double drop) {
  if (cost < best_cost * (1 - kPlateauThreshold)) {
    best_cost = cost;
    epochs_since_best = 0;
    return;
  }
  if (++epochs_since_best <= patience) return;
  factor *= drop;
  epochs_since_best = 0;
}

}  // namespace graft::training
