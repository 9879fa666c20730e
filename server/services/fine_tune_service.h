#ifndef GRAFT_SERVER_SERVICES_FINE_TUNE_SERVICE_H_
#define GRAFT_SERVER_SERVICES_FINE_TUNE_SERVICE_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graft/v1/finetune.grpc.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/ids.h"
#include "core/base/thread_pool.h"
#include "core/store/metadata_store.h"
#include "server/backbone_directory.h"
#include "server/logging.h"
#include "server/services/watch_hub.h"

namespace graft {

// FineTuneService over the store: it validates, estimates and enqueues; workers do the rest.
// Everything is borrowed.
class FineTuneService final : public v1::FineTuneService::CallbackService {
 public:
  struct Environment {
    MetadataStore* store = nullptr;
    BlobStore* blobs = nullptr;
    const BackboneDirectory* backbones = nullptr;
    ThreadPool* executor = nullptr;
    WatchHub* watches = nullptr;
    IdGenerator* ids = nullptr;
    const Logger* logger = nullptr;
    // Whether new jobs are taken at all: not while draining, not on a full disk.
    std::function<absl::Status()> admit;
  };
  explicit FineTuneService(Environment environment) : environment_(std::move(environment)) {}

  grpc::ServerUnaryReactor* StartFineTune(grpc::CallbackServerContext* context,
                                          const v1::StartFineTuneRequest* request,
                                          v1::StartFineTuneResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override;

 private:
  absl::Status Start(const v1::StartFineTuneRequest& request, const std::string& rpc_id,
                     v1::StartFineTuneResponse* response);

  const Environment environment_;
};

}  // namespace graft

#endif  // GRAFT_SERVER_SERVICES_FINE_TUNE_SERVICE_H_
