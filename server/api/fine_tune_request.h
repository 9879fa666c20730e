#ifndef GRAFT_SERVER_API_FINE_TUNE_REQUEST_H_
#define GRAFT_SERVER_API_FINE_TUNE_REQUEST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graft/v1/dataset.pb.h"
#include "graft/v1/finetune.pb.h"

#include "core/jobs/job.h"
#include "core/recipes/resolve.h"
#include "core/store/dataset.h"
#include "core/store/metadata_store.h"
#include "server/api/backbone_directory.h"
#include "wire/tasks/catalog.h"

namespace graft::server {

// The steps from a StartFineTune request to a job, and from a ListJobs request to a filter, as pure
// functions.

// What the request says apart from its spec: request_id and labels. INVALID_ARGUMENT names every
// field that is wrong.
absl::Status CheckRequest(const v1::StartFineTuneRequest& request);

// What a ListJobs request asks for, each state once. INVALID_ARGUMENT names the field.
absl::StatusOr<store::JobFilter> FilterOf(const v1::ListJobsRequest& request);

// The same for requests that ask for the same thing, whichever client serialised them: sha256 of
// the request as it was sent (without request_id and validate_only), deterministically serialised.
std::string RequestDigest(const v1::StartFineTuneRequest& request);

// What a task makes of a dataset.
struct DatasetNeeds {
  int64_t outputs = 0;  // of a head that learns it
  wire::HeldOut held_out;
};

// Whether `task` can be learnt from this dataset. INVALID_ARGUMENT names the field.
absl::StatusOr<DatasetNeeds> CheckDataset(const v1::Task& task, const v1::Dataset& dataset);

// What only the backbone tells: whether it has the stages that are to be trained, and whether a
// head of so many outputs on its features is of a size that can be trained. INVALID_ARGUMENT names
// the field.
absl::Status CheckNetwork(const recipes::FineTuneConfig& config, const InstalledBackbone& backbone,
                          int64_t outputs);

// What the run will cost at most.
v1::CostEstimate Estimate(const recipes::ResolvedFineTune& resolved, const v1::Dataset& dataset,
                          const DatasetNeeds& needs, const InstalledBackbone& backbone);

// The job as it goes into the queue: all columns, and the resolved spec. Without an id.
jobs::Job MakeJob(const v1::StartFineTuneRequest& request, const std::string& project,
                  const recipes::ResolvedFineTune& resolved, const store::Dataset& dataset,
                  const InstalledBackbone& backbone);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_FINE_TUNE_REQUEST_H_
