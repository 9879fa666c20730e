#ifndef GRAFT_CORE_EVALUATION_CONFORMAL_H_
#define GRAFT_CORE_EVALUATION_CONFORMAL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"

namespace graft::evaluation {

// Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): of held-out examples it is known
// how far each model's answer was from the truth, its score; a new example like those has a score
// of at most ScoreAt(coverage) with a probability of at least `coverage`, whatever the model. For
// classes the score is 1 - p of the true class, and the set of all classes with p of at least
// 1 - ScoreAt(coverage) holds the true one so often (Sadinle et al. 2019); for numbers it is the
// absolute error.
struct ConformalScores {
  int64_t examples = 0;       // that were held out
  std::vector<float> scores;  // ascending; of examples at even ranks up to the last, or of all

  friend bool operator==(const ConformalScores&, const ConformalScores&) = default;
};

// Keeps at most `most` of the scores: what is lost makes answers a little too careful, never too
// bold. Scores must be finite. Pure.
ConformalScores KeepScores(std::vector<float> scores, size_t most = 256);

// Infinity where so few examples promise no such coverage (fewer than coverage / (1 - coverage)).
// `coverage`: above 0 and below 1. Pure.
double ScoreAt(const ConformalScores& kept, double coverage);

// {"examples":75,"scores":[...]}
nlohmann::json ToJson(const ConformalScores& scores);
// The inverse. INVALID_ARGUMENT: the scores are not in order, not finite, or more than the
// examples.
absl::StatusOr<ConformalScores> ConformalScoresFromJson(const nlohmann::json& json);

}  // namespace graft::evaluation

#endif  // GRAFT_CORE_EVALUATION_CONFORMAL_H_
