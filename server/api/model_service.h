#ifndef GRAFT_SERVER_API_MODEL_SERVICE_H_
#define GRAFT_SERVER_API_MODEL_SERVICE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
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
    // Waits until a version is in memory, for `timeout` at most; it stays there while what comes
    // back lives.
    std::function<absl::StatusOr<std::shared_ptr<const void>>(const serving::ModelKey& key,
                                                              absl::Duration timeout)>
        load;
    // Told once a label names another version (0: none), in the order in which they were set.
    std::function<void(const store::ModelLabel& label)> on_label;
    // Told once a model is pinned, or no longer.
    std::function<void(const std::string& project, const std::string& model, bool pinned)> on_pin;
  };
  explicit ModelService(Environment environment) : environment_(std::move(environment)) {}

  absl::StatusOr<v1::ListModelsResponse> ListModels(const Caller& caller,
                                                    const v1::ListModelsRequest& request);
  absl::StatusOr<v1::GetModelResponse> GetModel(const Caller& caller,
                                                const v1::GetModelRequest& request);
  absl::StatusOr<v1::DeleteModelResponse> DeleteModel(const Caller& caller,
                                                      const v1::DeleteModelRequest& request);
  absl::StatusOr<v1::SetModelLabelResponse> SetModelLabel(const Caller& caller,
                                                          const v1::SetModelLabelRequest& request);
  absl::StatusOr<v1::SetModelPinResponse> SetModelPin(const Caller& caller,
                                                      const v1::SetModelPinRequest& request);

 private:
  absl::StatusOr<v1::Model> WithVersions(const store::Model& model);
  // In memory and warm, while what comes back lives.
  absl::StatusOr<std::shared_ptr<const void>> Hold(const Caller& caller, const std::string& model,
                                                   int64_t version);

  const Environment environment_;
  // Held from the store's change of a label or a pin, or of the versions that they could concern,
  // to whoever is told of it.
  absl::Mutex labels_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_MODEL_SERVICE_H_
