#ifndef GRAFT_CORE_TASKS_FIGURES_H_
#define GRAFT_CORE_TASKS_FIGURES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace graft::tasks {

// Named numbers in an order that is kept: what epochs, events and model cards carry.
using Figures = std::vector<std::pair<std::string, double>>;

// The figure of that name; empty where there is none.
inline std::optional<double> FindFigure(const Figures& figures, absl::string_view name) {
  for (const auto& [each, value] : figures) {
    if (each == name) return value;
  }
  return std::nullopt;
}

// What every task's figures have: the mean loss.
inline constexpr char kLossFigure[] = "loss";

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_FIGURES_H_
