#include "core/evaluation/confusion.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace graft::evaluation {
namespace {

bool InOrder(const ConfusionCell& a, const ConfusionCell& b) {
  return std::tie(a.true_class, a.predicted_class) < std::tie(b.true_class, b.predicted_class);
}

bool MoreOften(const ConfusionCell& a, const ConfusionCell& b) {
  return a.count != b.count ? a.count > b.count : InOrder(a, b);
}

}  // namespace

ConfusionCells KeepMostConfused(std::vector<ConfusionCell> cells, size_t max_cells) {
  ConfusionCells kept;
  for (const ConfusionCell& cell : cells) kept.left_out += cell.count;
  if (cells.size() > max_cells) {
    std::erase_if(
        cells, [](const ConfusionCell& cell) { return cell.true_class == cell.predicted_class; });
  }
  if (cells.size() > max_cells) {
    const auto end = std::next(cells.begin(), static_cast<std::ptrdiff_t>(max_cells));
    std::nth_element(cells.begin(), end, cells.end(), MoreOften);
    cells.erase(end, cells.end());
  }
  std::sort(cells.begin(), cells.end(), InOrder);
  for (const ConfusionCell& cell : cells) kept.left_out -= cell.count;
  kept.cells = std::move(cells);
  return kept;
}

ConfusionCells Confusion::Cells(size_t max_cells) const {
  std::vector<ConfusionCell> cells;
  cells.reserve(counts_.size());
  for (const auto& [at, count] : counts_) cells.push_back({at.first, at.second, count});
  return KeepMostConfused(std::move(cells), max_cells);
}

std::vector<HitCounts> Confusion::ByClass(int classes) const {
  std::vector<HitCounts> by_class(static_cast<size_t>(classes));
  for (const auto& [at, count] : counts_) {
    by_class[at.first].actual += count;
    by_class[at.second].predicted += count;
    if (at.first == at.second) by_class[at.first].hits += count;
  }
  return by_class;
}

}  // namespace graft::evaluation
