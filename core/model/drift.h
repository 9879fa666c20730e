#ifndef GRAFT_CORE_MODEL_DRIFT_H_
#define GRAFT_CORE_MODEL_DRIFT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::model {

// How a number, or a choice among kinds, was spread over examples.
struct Distribution {
  std::string of;  // "brightness"; "" where its place says what it is of
  // Of a number: bin i holds what is above edges[i - 1] and at most edges[i]; ascending, one fewer
  // than there are bins. Empty: each kind is a bin.
  std::vector<double> edges;
  std::vector<int64_t> counts;  // examples in each bin
  double mean = 0;              // of a number, as the next; of kinds 0
  double deviation = 0;

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

int64_t Total(const Distribution& distribution);

// The bin of a number, or of a kind (0, 1, 2 ...); a kind that there is not counts as the last.
size_t BinOf(const Distribution& distribution, double value);

// What a model's inputs and answers were like when it was made: what core/drift compares those that
// it is asked for with.
struct DriftRecord {
  std::vector<Distribution> pictures;  // of the statistics in core/drift/picture_statistics.h
  std::vector<Distribution> answers;   // of the parts of an answer (tasks::Decoder::answer_parts)
  bool held_out = false;               // the answers are for examples that it was not trained on

  friend bool operator==(const DriftRecord&, const DriftRecord&) = default;
};

// {"pictures":[{"of":"brightness","edges":[0.31,...],"counts":[20,...],"mean":0.46,
//  "deviation":0.12},...],"answers":[{"counts":[21,19]}],"held_out":true}
std::string DriftRecordToJson(const DriftRecord& record);
// The inverse. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<DriftRecord> DriftRecordFromJson(absl::string_view json);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_DRIFT_H_
