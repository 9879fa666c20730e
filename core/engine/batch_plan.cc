#include "core/engine/batch_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace graft::engine {
namespace {

constexpr int kMostRows = 1024;  // of a plan that a file names
// More gain little, and come together seldom.
constexpr int kMostRowsAThread = 4;
constexpr int kMostRowsTogether = 8;
constexpr double kClearly = 0.93;  // less may be chance

}  // namespace

std::string BatchPlanName(const BatchPlan& plan) {
  return absl::StrCat(plan.rows, " x ", plan.streams);
}

std::optional<BatchPlan> BatchPlanFromName(absl::string_view name) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(name, " x ");
  BatchPlan plan;
  if (!absl::SimpleAtoi(parts.first, &plan.rows) ||
      !absl::SimpleAtoi(parts.second, &plan.streams)) {
    return std::nullopt;
  }
  if (plan.rows < 1 || plan.rows > kMostRows || plan.streams < 1 || plan.streams > kMostRows) {
    return std::nullopt;
  }
  return plan;
}

BatchPlan UsualBatchPlan(int threads, int max_rows) {
  return {.rows = 1, .streams = std::max(1, std::min(threads, max_rows))};
}

int RowsByPlan(int rows, const BatchPlan& plan) { return rows - rows % plan.rows_at_once(); }

std::vector<BatchPlan> OtherBatchPlans(int threads, int max_rows) {
  if (threads < 2 || max_rows < 2) return {};
  std::vector<BatchPlan> plans;
  const int a_thread = std::min(max_rows / threads, kMostRowsAThread);
  if (a_thread > 1) plans.push_back({.rows = a_thread, .streams = threads});
  plans.push_back({.rows = std::min(max_rows, kMostRowsTogether), .streams = 1});
  return plans;
}

int MostRowsAtOnce(int threads) {
  return std::max(kMostRowsTogether, kMostRowsAThread * std::max(1, threads));
}

bool IsClearlyFaster(absl::Span<const double> ratios) {
  if (ratios.empty()) return false;
  std::vector<double> sorted(ratios.begin(), ratios.end());
  std::nth_element(sorted.begin(), sorted.begin() + sorted.size() / 2, sorted.end());
  return sorted[sorted.size() / 2] < kClearly;
}

}  // namespace graft::engine
