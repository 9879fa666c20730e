#ifndef GRAFT_SERVER_API_MODEL_SERVICE_H_
#define GRAFT_SERVER_API_MODEL_SERVICE_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "graft/v1/model.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/serving/model_manager.h"
#include "core/store/metadata_store.h"
#include "server/api/caller.h"
#include "server/base/logging.h"

namespace graft::server {

// ModelService: rows of the store and their files. Its handlers block. Everything is borrowed. Safe
// for concurrent use.
class ModelService {
 public:
  struct Environment {
    store::MetadataStore* store = nullptr;
    artifacts::BlobStore* blobs = nullptr;
    const wire::Logger* logger = nullptr;
    // Told once rows are deleted: no new request may get that version (0: any of the model).
    std::function<void(const std::string& project, const std::string& model, int64_t version)>
        on_deleted;
    // What is in memory of a version; nothing where it is not ready.
    std::function<std::optional<serving::ModelStatus>(const serving::ModelKey& key)> loaded;
  };
  explicit ModelService(Environment environment) : environment_(std::move(environment)) {}

  absl::StatusOr<v1::ListModelsResponse> ListModels(const Caller& caller,
                                                    const v1::ListModelsRequest& request);
  absl::StatusOr<v1::GetModelResponse> GetModel(const Caller& caller,
                                                const v1::GetModelRequest& request);
  absl::StatusOr<v1::DeleteModelResponse> DeleteModel(const Caller& caller,
                                                      const v1::DeleteModelRequest& request);

 private:
  absl::StatusOr<v1::Model> WithVersions(const store::Model& model);

  const Environment environment_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_MODEL_SERVICE_H_
