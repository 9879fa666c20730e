#ifndef GRAFT_CORE_ENGINE_BATCH_PLAN_H_
#define GRAFT_CORE_ENGINE_BATCH_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace graft::engine {

// How rows that wait together are divided: passes of `rows` each, `streams` of them side by side,
// over which the threads are spread evenly.
struct BatchPlan {
  int rows = 1;
  int streams = 1;

  int rows_at_once() const { return rows * streams; }
  friend bool operator==(const BatchPlan&, const BatchPlan&) = default;
};

// "1 x 8": rows times streams.
std::string BatchPlanName(const BatchPlan& plan);
// The inverse; nothing for what is none.
std::optional<BatchPlan> BatchPlanFromName(absl::string_view name);

// A row a thread: what suits the caches of all networks that were measured (ADR 15), and computes
// no row for nothing.
BatchPlan UsualBatchPlan(int threads, int max_rows);

// How many of `rows` go by a plan that is not the usual one: those that keep all its streams busy
// with full passes. Pure.
int RowsByPlan(int rows, const BatchPlan& plan);

// Those that may be faster where weights are dear to read: several rows a thread, and one pass of
// several rows with all threads. None where nothing can be divided. Pure.
std::vector<BatchPlan> OtherBatchPlans(int threads, int max_rows);

// Of any of them.
int MostRowsAtOnce(int threads);

// Whether a plan is to take another's place, by the ratios of the time that it takes to the other's
// for as many rows, round by round: by their median, and only where that is clearly below 1. Pure.
bool IsClearlyFaster(absl::Span<const double> ratios);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_BATCH_PLAN_H_
