#ifndef GRAFT_SERVER_API_FINE_TUNE_SERVICE_H_
#define GRAFT_SERVER_API_FINE_TUNE_SERVICE_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graft/v1/finetune.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/ids.h"
#include "core/store/metadata_store.h"
#include "server/api/backbone_directory.h"
#include "server/api/caller.h"
#include "server/api/watch_stream.h"
#include "server/base/logging.h"

namespace graft::server {

// FineTuneService over the store: it validates, estimates and enqueues; workers do the rest.
// Its handlers block. Everything is borrowed. Safe for concurrent use.
class FineTuneService {
 public:
  struct Environment {
    store::MetadataStore* store = nullptr;
    artifacts::BlobStore* blobs = nullptr;
    const BackboneDirectory* backbones = nullptr;
    WatchHub* watches = nullptr;
    IdGenerator* ids = nullptr;
    const wire::Logger* logger = nullptr;
    // Whether there is room for what is new: RESOURCE_EXHAUSTED on a full disk.
    std::function<absl::Status()> check_room;
  };
  explicit FineTuneService(Environment environment) : environment_(std::move(environment)) {}

  absl::StatusOr<v1::StartFineTuneResponse> StartFineTune(const Caller& caller,
                                                          const v1::StartFineTuneRequest& request);
  absl::StatusOr<v1::GetStatusResponse> GetStatus(const Caller& caller,
                                                  const v1::GetStatusRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const Caller& caller,
                                                const v1::ListJobsRequest& request);
  absl::StatusOr<v1::CancelJobResponse> CancelJob(const Caller& caller,
                                                  const v1::CancelJobRequest& request);
  absl::StatusOr<v1::PauseJobResponse> PauseJob(const Caller& caller,
                                                const v1::PauseJobRequest& request);
  absl::StatusOr<v1::ResumeJobResponse> ResumeJob(const Caller& caller,
                                                  const v1::ResumeJobRequest& request);
  absl::StatusOr<v1::StopJobResponse> StopJob(const Caller& caller,
                                              const v1::StopJobRequest& request);
  absl::StatusOr<v1::DeleteJobResponse> DeleteJob(const Caller& caller,
                                                  const v1::DeleteJobRequest& request);

  // The stream of events, not begun; never blocks.
  absl::StatusOr<std::shared_ptr<WatchStream>> Watch(const Caller& caller,
                                                     const v1::WatchRequest& request);

 private:
  // The answer to a request whose job there is already; nothing when there is none.
  absl::StatusOr<std::optional<v1::StartFineTuneResponse>> Repeated(
      const Caller& caller, const v1::StartFineTuneRequest& request);
  // Says what is wanted of a job, and answers with the job as it then stands.
  absl::StatusOr<v1::Job> Ask(const Caller& caller, const std::string& job_id,
                              jobs::DesiredState desired);

  const Environment environment_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_FINE_TUNE_SERVICE_H_
