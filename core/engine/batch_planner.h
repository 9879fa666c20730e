#ifndef GRAFT_CORE_ENGINE_BATCH_PLANNER_H_
#define GRAFT_CORE_ENGINE_BATCH_PLANNER_H_

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "core/base/clock.h"
#include "core/engine/batch_plan.h"

namespace graft::engine {

// Which batch plan suits a network on this machine: measured when the network is loaded for the
// first time, and remembered in a file. A plan decides how fast answers come, not what they are.
// Safe for concurrent use: one network is measured at a time.
class BatchPlanner {
 public:
  // Computes so many rows once, by the plan that it was made for.
  using Run = std::function<absl::Status(int rows)>;
  using Prepare = absl::FunctionRef<absl::StatusOr<Run>(const BatchPlan& plan)>;

  // `machine` is what plans depend on besides the network (core/base/machine.h). A file that is
  // absent, damaged or another machine's tells nothing, and is written anew. `clock` is borrowed.
  BatchPlanner(std::filesystem::path file, std::string machine, Clock* clock);

  // The plan for the network that `key` names, with these threads and at most so many rows.
  // Compares two at a time, in turns, so that a machine that slows down slows both. A plan whose
  // `prepare` or run fails is out of the question; an error is that of the usual plan.
  absl::StatusOr<BatchPlan> Plan(absl::string_view key, int threads, int max_rows, Prepare prepare)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // By key of this machine, the one found last at the end.
  using Known = std::vector<std::pair<std::string, BatchPlan>>;

  absl::StatusOr<BatchPlan> Measure(int threads, int max_rows, Prepare prepare);
  absl::StatusOr<bool> IsFaster(const Run& challenger, const Run& holder, int rows);
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::filesystem::path file_;
  const std::string machine_;
  Clock* const clock_;

  absl::Mutex mutex_;
  Known known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_BATCH_PLANNER_H_
