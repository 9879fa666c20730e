#include "core/engine/batch_planner.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace graft::engine {
namespace {

constexpr char kFirstLine[] = "graft batch plans 1";
constexpr uint64_t kMostBytes = 1 << 20;
constexpr size_t kMostKnown = 1'000;
constexpr int kRounds = 5;
// Of a slow network fewer rounds will do.
constexpr int kFewestRounds = 3;
constexpr absl::Duration kLongEnough = absl::Seconds(1);

std::string Line(absl::string_view machine, absl::string_view key, const BatchPlan& plan) {
  return absl::StrCat(machine, "\t", key, "\t", BatchPlanName(plan), "\n");
}

}  // namespace

BatchPlanner::BatchPlanner(std::filesystem::path file, std::string machine, Clock* clock)
    : file_(std::move(file)), machine_(std::move(machine)), clock_(clock) {
  const absl::StatusOr<std::string> text = ReadFile(file_, kMostBytes);
  if (!text.ok()) return;
  const std::vector<absl::string_view> lines = absl::StrSplit(*text, '\n', absl::SkipEmpty());
  if (lines.empty() || lines.front() != kFirstLine) return;
  absl::MutexLock lock(&mutex_);
  for (const absl::string_view line : lines) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, '\t');
    if (parts.size() != 3 || parts[0] != machine_) continue;
    if (const std::optional<BatchPlan> plan = BatchPlanFromName(parts[2])) {
      known_.emplace_back(parts[1], *plan);
    }
  }
}

absl::StatusOr<BatchPlan> BatchPlanner::Plan(absl::string_view key, int threads, int max_rows,
                                             Prepare prepare) {
  if (OtherBatchPlans(threads, max_rows).empty()) return UsualBatchPlan(threads, max_rows);
  const std::string name = absl::StrCat(key, ", ", threads, " threads, ",
                                        std::min(max_rows, MostRowsAtOnce(threads)), " rows");
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const auto& each) { return each.first == name; });
  if (found != known_.end()) return found->second;
  GRAFT_ASSIGN_OR_RETURN(const BatchPlan plan, Measure(threads, max_rows, prepare));
  if (known_.size() >= kMostKnown) known_.erase(known_.begin());
  known_.emplace_back(name, plan);
  Write();
  return plan;
}

absl::StatusOr<BatchPlan> BatchPlanner::Measure(int threads, int max_rows, Prepare prepare) {
  BatchPlan best = UsualBatchPlan(threads, max_rows);
  GRAFT_ASSIGN_OR_RETURN(Run holder, prepare(best));
  GRAFT_RETURN_IF_ERROR(holder(best.rows_at_once()));
  for (const BatchPlan& plan : OtherBatchPlans(threads, max_rows)) {
    absl::StatusOr<Run> challenger = prepare(plan);
    if (!challenger.ok()) continue;
    const int rows = std::max(plan.rows_at_once(), best.rows_at_once());
    const absl::StatusOr<bool> faster = IsFaster(*challenger, holder, rows);
    if (!faster.value_or(false)) continue;
    best = plan;
    holder = *std::move(challenger);
  }
  return best;
}

absl::StatusOr<bool> BatchPlanner::IsFaster(const Run& challenger, const Run& holder, int rows) {
  GRAFT_RETURN_IF_ERROR(challenger(rows));  // the first is slow: memory is laid out
  std::vector<double> ratios;
  const absl::Duration begun = clock_->Monotonic();
  for (int round = 0; round < kRounds; ++round) {
    const absl::Duration before = clock_->Monotonic();
    if (round >= kFewestRounds && before - begun > kLongEnough) break;
    GRAFT_RETURN_IF_ERROR(holder(rows));
    const absl::Duration between = clock_->Monotonic();
    GRAFT_RETURN_IF_ERROR(challenger(rows));
    const absl::Duration after = clock_->Monotonic();
    // A clock that stands still says nothing.
    if (between > before) ratios.push_back(absl::FDivDuration(after - between, between - before));
  }
  return IsClearlyFaster(ratios);
}

void BatchPlanner::Write() {
  std::string text = absl::StrCat(kFirstLine, "\n");
  for (const auto& [key, plan] : known_) absl::StrAppend(&text, Line(machine_, key, plan));
  // Where it cannot be written it is measured again after the next start.
  WriteFileAtomically(file_, text).IgnoreError();
}

}  // namespace graft::engine
