#ifndef GRAFT_SERVER_SERVICES_MODEL_SERVICE_H_
#define GRAFT_SERVER_SERVICES_MODEL_SERVICE_H_

#include <functional>
#include <string>
#include <utility>

#include "graft/v1/model.grpc.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/thread_pool.h"
#include "core/store/metadata_store.h"
#include "server/logging.h"

namespace graft {

// ModelService: rows of the store and their files. Everything is borrowed.
class ModelService final : public v1::ModelService::CallbackService {
 public:
  struct Environment {
    MetadataStore* store = nullptr;
    BlobStore* blobs = nullptr;
    ThreadPool* executor = nullptr;
    const Logger* logger = nullptr;
    // Told once rows are deleted: no new request may get that version (0: any of the model).
    std::function<void(const std::string& project, const std::string& model, int64_t version)>
        on_deleted;
  };
  explicit ModelService(Environment environment) : environment_(std::move(environment)) {}

  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const v1::GetModelRequest* request,
                                     v1::GetModelResponse* response) override;
  grpc::ServerUnaryReactor* DeleteModel(grpc::CallbackServerContext* context,
                                        const v1::DeleteModelRequest* request,
                                        v1::DeleteModelResponse* response) override;

 private:
  absl::StatusOr<v1::Model> WithVersions(const Model& model);

  const Environment environment_;
};

}  // namespace graft

#endif  // GRAFT_SERVER_SERVICES_MODEL_SERVICE_H_
