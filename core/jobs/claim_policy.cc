#include "core/jobs/claim_policy.h"

#include <algorithm>
#include <utility>

namespace graft::jobs {
namespace {

template <typename T>
bool AllowsAny(const std::vector<T>& allowed, const T& value) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

}  // namespace

bool CanRun(const Capabilities& capabilities, const QueuedJob& job) {
  return AllowsAny(capabilities.kinds, job.kind) &&
         (job.task.empty() || AllowsAny(capabilities.tasks, job.task)) &&
         (job.architecture.empty() || AllowsAny(capabilities.architectures, job.architecture)) &&
         (job.device.empty() || capabilities.device.empty() || job.device == capabilities.device);
}

std::optional<size_t> ChooseNextJob(const std::vector<QueuedJob>& queued,
                                    const std::map<std::string, int>& running,
                                    const Capabilities& capabilities) {
  std::optional<size_t> best;
  std::pair<int, uint64_t> best_rank;
  for (size_t i = 0; i < queued.size(); ++i) {
    if (!CanRun(capabilities, queued[i])) continue;
    const auto count = running.find(queued[i].project);
    const std::pair<int, uint64_t> rank = {count == running.end() ? 0 : count->second,
                                           queued[i].order};
    if (!best || rank < best_rank) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace graft::jobs
