#ifndef GRAFT_CORE_MODEL_NOVELTY_H_
#define GRAFT_CORE_MODEL_NOVELTY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::model {

// How it is told that an input is unlike all that a model was trained on: what there is to know
// beside the tensors kNoveltyRows and kNoveltyScales of its file (core/novelty).
struct NoveltyRecord {
  int64_t training_examples = 0;  // that are kept
  int64_t width = 0;              // numbers of each
  int64_t held_out_examples = 0;  // by which the distance is usual
  double usual_distance = 0;      // above 0; 95 of 100 held-out examples are no farther away

  friend bool operator==(const NoveltyRecord&, const NoveltyRecord&) = default;
};

inline constexpr char kNoveltyRows[] = "novelty.rows";      // int8 [training_examples, width]
inline constexpr char kNoveltyScales[] = "novelty.scales";  // float32 [training_examples]

// {"training_examples":105,"width":1280,"held_out_examples":70,"usual_distance":0.83}
std::string NoveltyRecordToJson(const NoveltyRecord& record);
// The inverse. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<NoveltyRecord> NoveltyRecordFromJson(absl::string_view json);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_NOVELTY_H_
