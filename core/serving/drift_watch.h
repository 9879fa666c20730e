#ifndef GRAFT_CORE_SERVING_DRIFT_WATCH_H_
#define GRAFT_CORE_SERVING_DRIFT_WATCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

#include "core/drift/drift_window.h"
#include "core/drift/picture_statistics.h"
#include "core/model/drift.h"
#include "core/tasks/decoder.h"

namespace graft::serving {

// A drift figure with the name of what changed.
struct NamedDrift {
  drift::DriftFigure figure;
  std::string what;  // of answers: the kind ("cat"), a part's kind ("cat given"), or a number
};

// Counts what a version in memory is asked and what it answers, and tells how that differs from
// when it was made. It begins anew whenever the version is loaded. Safe for concurrent use.
class DriftWatch {
 public:
  // The record goes with the decoder: a distribution of each of its parts, with a bin of each kind.
  DriftWatch(const model::DriftRecord& record, std::shared_ptr<const tasks::Decoder> decoder,
             int64_t window)
      : window_(record, window), decoder_(std::move(decoder)) {}

  // One answer: finite numbers of the network, and the picture's statistics where its pixels were
  // there.
  void Count(absl::Span<const float> outputs,
             const std::optional<drift::PictureStatistics>& statistics);

  // Of the answers, and of each statistic of the pictures.
  std::vector<drift::DriftFigure> Figures() const { return window_.Figures(); }
  std::vector<NamedDrift> NamedFigures() const;

 private:
  drift::DriftWindow window_;
  const std::shared_ptr<const tasks::Decoder> decoder_;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_DRIFT_WATCH_H_
