#ifndef GRAFT_SERVER_JOB_METRICS_H_
#define GRAFT_SERVER_JOB_METRICS_H_

#include "core/jobs/job.h"
#include "core/telemetry/metrics.h"

namespace graft {

// A job that has reached a terminal state; others are passed over.
void CountJobEnd(Metrics& metrics, const Job& job);

// A job that was taken from a dead worker, as the store left it: one crash, and maybe its end.
void CountWorkerDeath(Metrics& metrics, const Job& job);

}  // namespace graft

#endif  // GRAFT_SERVER_JOB_METRICS_H_
