#ifndef GRAFT_SERVER_JOBS_JOB_METRICS_H_
#define GRAFT_SERVER_JOBS_JOB_METRICS_H_

#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"

namespace graft {

// A job that has reached a terminal state, however it did; other changes are passed over.
void CountJobEnd(Metrics& metrics, const JobChange& change);

}  // namespace graft

#endif  // GRAFT_SERVER_JOBS_JOB_METRICS_H_
