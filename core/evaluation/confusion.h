#ifndef GRAFT_CORE_EVALUATION_CONFUSION_H_
#define GRAFT_CORE_EVALUATION_CONFUSION_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "core/evaluation/precision_recall.h"

namespace graft::evaluation {

// One cell of a confusion matrix that is not 0.
struct ConfusionCell {
  int true_class = 0;
  int predicted_class = 0;
  int64_t count = 0;

  friend bool operator==(const ConfusionCell&, const ConfusionCell&) = default;
};

// As many cells as were asked for.
struct ConfusionCells {
  std::vector<ConfusionCell> cells;  // by true class, then by predicted class
  int64_t left_out = 0;              // answers whose cell is not here
};

// Most cells that a report carries: all of up to 128 classes.
inline constexpr size_t kMaxReportCells = 128 * 128;

// At most `max_cells` of `cells`, which are each once. Where there are more, those on the diagonal
// are left out (recall and number of each class give them), and of the others those with the fewest
// answers, later ones first where equal: what stays are the pairs that are confused most.
ConfusionCells KeepMostConfused(std::vector<ConfusionCell> cells, size_t max_cells);

// A confusion matrix by its cells that are not 0: memory grows with the answers, not with the
// square of the classes, of which there may be 100,000.
class Confusion {
 public:
  void Add(int true_class, int predicted_class) { ++counts_[{true_class, predicted_class}]; }

  // As KeepMostConfused says.
  ConfusionCells Cells(size_t max_cells) const;
  // Of each of `classes` classes. Cells of others must not have been added.
  std::vector<HitCounts> ByClass(int classes) const;

 private:
  absl::flat_hash_map<std::pair<int, int>, int64_t> counts_;
};

}  // namespace graft::evaluation

#endif  // GRAFT_CORE_EVALUATION_CONFUSION_H_
