#include "core/evaluation/ranking.h"

#include <algorithm>
#include <cmath>

#include "core/evaluation/precision_recall.h"

namespace graft::evaluation {
namespace {

// Calls each(counts, score, next score or 0) for every distinct score, largest first, with the
// counts of answering yes from that score upwards.
template <typename Each>
void Walk(absl::Span<ScoredAnswer> answers, const Each& each) {
  std::sort(answers.begin(), answers.end(),
            [](const ScoredAnswer& a, const ScoredAnswer& b) { return a.score > b.score; });
  HitCounts counts;
  for (const ScoredAnswer& answer : answers) counts.actual += answer.actual ? 1 : 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    ++counts.predicted;
    counts.hits += answers[i].actual ? 1 : 0;
    const bool last = i + 1 == answers.size();
    if (!last && answers[i + 1].score == answers[i].score) continue;
    each(counts, answers[i].score, last ? 0.0f : answers[i + 1].score);
  }
}

}  // namespace

double AveragePrecision(absl::Span<ScoredAnswer> answers) {
  double sum = 0;
  double recall = 0;
  Walk(answers, [&](const HitCounts& counts, float, float) {
    sum += (counts.recall() - recall) * counts.precision();
    recall = counts.recall();
  });
  return sum;
}

double BestF1Threshold(absl::Span<ScoredAnswer> answers) {
  constexpr double kHalf = 0.5;
  double best = kHalf;
  double best_f1 = -1;
  bool mixed = false;
  Walk(answers, [&](const HitCounts& counts, float score, float next) {
    mixed = counts.actual > 0 && counts.actual < static_cast<int64_t>(answers.size());
    const double threshold = (static_cast<double>(score) + static_cast<double>(next)) / 2;
    if (!(threshold > 0)) return;  // everything would be given, whatever it scores
    const double f1 = counts.f1();
    if (f1 > best_f1 || (f1 == best_f1 && std::abs(threshold - kHalf) < std::abs(best - kHalf))) {
      best_f1 = f1;
      best = threshold;
    }
  });
  return mixed ? best : kHalf;
}

double PrecisionThreshold(absl::Span<ScoredAnswer> answers, double precision) {
  std::sort(answers.begin(), answers.end(),
            [](const ScoredAnswer& a, const ScoredAnswer& b) { return a.score > b.score; });
  double threshold = 1;
  int64_t hits = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    hits += answers[i].actual ? 1 : 0;
    // Equal scores are above a threshold together.
    if (i + 1 < answers.size() && answers[i + 1].score == answers[i].score) continue;
    if (static_cast<double>(hits) < precision * static_cast<double>(i + 1)) continue;
    threshold = i + 1 == answers.size() ? 0 : static_cast<double>(answers[i].score);
  }
  return threshold;
}

}  // namespace graft::evaluation
