#ifndef GRAFT_CORE_DRIFT_DRIFT_WINDOW_H_
#define GRAFT_CORE_DRIFT_DRIFT_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

#include "core/drift/halved_counts.h"
#include "core/drift/picture_statistics.h"
#include "core/model/drift.h"

namespace graft::drift {

// Of fewer inputs nothing is told.
inline constexpr int64_t kFewestInputs = 100;

// From this index on (core/drift/stability_index.h) something is taken to have changed.
inline constexpr double kDrifted = 0.25;

inline constexpr char kAnswers[] = "answers";

// How one thing about the last inputs lies to what it was like when the model was made.
struct DriftFigure {
  std::string of;               // kAnswers, or the name of a picture's statistic
  int64_t inputs = 0;           // that are counted
  std::optional<double> index;  // Stability::index; empty: of fewer than kFewestInputs
  size_t part = 0;              // of answers: the part that changed most
  std::optional<size_t> bin;    // the kind of it that did; empty: it is a number
  // Of the kind its share of the inputs, else the mean of the number; where there is an index.
  double usual = 0;  // when the model was made
  double now = 0;
  double deviation = 0;  // of the number, when the model was made
};

// Counts what one model is asked and what it answers, and compares. Keeps counts alone. Safe for
// concurrent use.
class DriftWindow {
 public:
  // Of the last `inputs`, at least 2. Statistics in the record that are not known here are left
  // out.
  DriftWindow(const model::DriftRecord& record, int64_t inputs);

  // A value of each of the record's answers, in their order.
  void CountAnswer(absl::Span<const double> parts) ABSL_LOCKS_EXCLUDED(mutex_);
  void CountPicture(const PictureStatistics& statistics) ABSL_LOCKS_EXCLUDED(mutex_);

  // Of the answers, where the record has any, and of each statistic.
  std::vector<DriftFigure> Figures() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const std::vector<model::Distribution> answers_;
  const std::vector<size_t> statistics_;             // those that are counted, and ...
  const std::vector<model::Distribution> pictures_;  // ... what they were, in their order
  mutable absl::Mutex mutex_;
  HalvedCounts answered_ ABSL_GUARDED_BY(mutex_);  // by answers_
  HalvedCounts pictured_ ABSL_GUARDED_BY(mutex_);  // by pictures_
};

}  // namespace graft::drift

#endif  // GRAFT_CORE_DRIFT_DRIFT_WINDOW_H_
