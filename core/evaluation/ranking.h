#ifndef GRAFT_CORE_EVALUATION_RANKING_H_
#define GRAFT_CORE_EVALUATION_RANKING_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace graft::evaluation {

// One example as a yes-or-no question saw it.
struct ScoredAnswer {
  float score = 0;  // larger: surer of yes
  bool actual = false;
};

// Average precision: the sum over distinct scores s, largest first, of (R(s) - R(s before)) * P(s),
// with R and P the recall and precision of answering yes from s upwards; scikit-learn's
// average_precision_score. It does not interpolate. 0 where nothing is a yes. Sorts `answers`.
double AveragePrecision(absl::Span<ScoredAnswer> answers);

// The threshold, between 0 and 1, from which on a yes has the largest F1: halfway between two
// scores that stand next to each other, or halfway from the smallest down to 0. Of equals the one
// nearest to 0.5. 0.5 where all answers or none are a yes: nothing can be chosen from those. Scores
// must be probabilities. Sorts `answers`.
double BestF1Threshold(absl::Span<ScoredAnswer> answers);

// The lowest threshold from which on at least `precision` of the answers are a yes: one of the
// scores; 0 where that is so of all of them, 1 where it is so from none. Sorts `answers`.
double PrecisionThreshold(absl::Span<ScoredAnswer> answers, double precision);

}  // namespace graft::evaluation

#endif  // GRAFT_CORE_EVALUATION_RANKING_H_
