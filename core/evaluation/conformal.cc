#include "core/evaluation/conformal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/finite.h"

namespace graft::evaluation {
namespace {

// The rank, from 1, of the kept score `index` of `kept` among `examples`.
int64_t RankOf(size_t index, size_t kept, int64_t examples) {
  const auto count = static_cast<int64_t>(kept);
  return ((static_cast<int64_t>(index) + 1) * examples + count - 1) / count;
}

}  // namespace

ConformalScores KeepScores(std::vector<float> scores, size_t most) {
  std::sort(scores.begin(), scores.end());
  ConformalScores kept;
  kept.examples = static_cast<int64_t>(scores.size());
  const size_t count = std::min(most, scores.size());
  for (size_t i = 0; i < count; ++i) {
    kept.scores.push_back(scores[static_cast<size_t>(RankOf(i, count, kept.examples)) - 1]);
  }
  return kept;
}

double ScoreAt(const ConformalScores& kept, double coverage) {
  // Of n held-out scores and the new one, all orders are equally likely.
  const double rank = std::ceil((static_cast<double>(kept.examples) + 1) * coverage);
  for (size_t i = 0; i < kept.scores.size(); ++i) {
    if (static_cast<double>(RankOf(i, kept.scores.size(), kept.examples)) >= rank) {
      return static_cast<double>(kept.scores[i]);
    }
  }
  return std::numeric_limits<double>::infinity();
}

nlohmann::json ToJson(const ConformalScores& scores) {
  return {{"examples", scores.examples}, {"scores", scores.scores}};
}

absl::StatusOr<ConformalScores> ConformalScoresFromJson(const nlohmann::json& json) {
  ConformalScores kept;
  try {
    kept.examples = json.at("examples").get<int64_t>();
    kept.scores = json.at("scores").get<std::vector<float>>();
  } catch (const nlohmann::json::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat("conformal scores: ", e.what()));
  }
  if (!AllFinite(kept.scores) || !std::is_sorted(kept.scores.begin(), kept.scores.end()) ||
      kept.examples < static_cast<int64_t>(kept.scores.size())) {
    return absl::InvalidArgumentError(
        "conformal scores: must be ascending, finite, and no more than the examples");
  }
  return kept;
}

}  // namespace graft::evaluation
