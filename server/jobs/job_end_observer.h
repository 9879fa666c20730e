#ifndef GRAFT_SERVER_JOBS_JOB_END_OBSERVER_H_
#define GRAFT_SERVER_JOBS_JOB_END_OBSERVER_H_

#include "core/artifacts/blob/blob_store.h"
#include "core/base/thread_pool.h"
#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"

namespace graft::server {

// What follows a job's end, whoever ended it: its duration is counted, and on a thread of the
// executor's its checkpoints and what attempts wrote without publishing it are deleted. What is
// left by a full executor, or by an attempt that writes on after its lease, goes at the next start.
// Everything is borrowed. Safe for concurrent use.
class JobEndObserver {
 public:
  JobEndObserver(artifacts::BlobStore* blobs, telemetry::Metrics* metrics, ThreadPool* executor,
                 const wire::Logger* logger)
      : blobs_(blobs), metrics_(metrics), executor_(executor), logger_(logger) {}

  // From the store's observer.
  void OnJobChange(const store::JobChange& change);

 private:
  artifacts::BlobStore* const blobs_;
  telemetry::Metrics* const metrics_;
  ThreadPool* const executor_;
  const wire::Logger* const logger_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_JOBS_JOB_END_OBSERVER_H_
