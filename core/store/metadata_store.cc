#include "core/store/metadata_store.h"

namespace graft::store {

JobChange ChangeOf(const jobs::Job& job) {
  JobChange change;
  change.job_id = job.id;
  change.project = job.project;
  change.task = job.task;
  change.strategy = job.strategy;
  change.state = job.state;
  change.desired = job.desired;
  change.create_time = job.create_time;
  change.end_time = job.end_time;
  change.fence = job.fence;
  change.model_version = job.model_version;
  change.last_event_sequence = job.last_event_sequence;
  return change;
}

}  // namespace graft::store
