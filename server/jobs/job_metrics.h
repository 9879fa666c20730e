#ifndef GRAFT_SERVER_JOBS_JOB_METRICS_H_
#define GRAFT_SERVER_JOBS_JOB_METRICS_H_

#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"

namespace graft::server {

// A job that has reached a terminal state, however it did; other changes are passed over.
void CountJobEnd(telemetry::Metrics& metrics, const store::JobChange& change);

}  // namespace graft::server

#endif  // GRAFT_SERVER_JOBS_JOB_METRICS_H_
