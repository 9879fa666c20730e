#ifndef GRAFT_CORE_JOBS_CLAIM_POLICY_H_
#define GRAFT_CORE_JOBS_CLAIM_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/jobs/job.h"

namespace graft::jobs {

// What a worker can run. An empty list or string means: anything.
struct Capabilities {
  std::vector<JobKind> kinds;
  std::vector<std::string> tasks;
  std::vector<std::string> architectures;
  std::string device;
};

// What the policy needs to know of a queued job.
struct QueuedJob {
  std::string id;
  std::string project;
  uint64_t order = 0;  // position in the queue; smaller is older
  JobKind kind = JobKind::kFineTune;
  std::string task;
  std::string architecture;
  std::string device;  // empty: any
};

// Whether a worker with these capabilities can run this job.
bool CanRun(const Capabilities& capabilities, const QueuedJob& job);

// Index in `queued` of the job to lease next, or nullopt when the worker can run none of them.
// Fair between projects: the project with the fewest running jobs goes first, so that a thousand
// jobs of one owner don't keep another's waiting; among equals, the oldest job. `running` counts
// the running jobs per project; a project that isn't there has none.
std::optional<size_t> ChooseNextJob(const std::vector<QueuedJob>& queued,
                                    const std::map<std::string, int>& running,
                                    const Capabilities& capabilities);

}  // namespace graft::jobs

#endif  // GRAFT_CORE_JOBS_CLAIM_POLICY_H_
