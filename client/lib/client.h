#ifndef GRAFT_CLIENT_LIB_CLIENT_H_
#define GRAFT_CLIENT_LIB_CLIENT_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "graft/v1/backbone.pb.h"
#include "graft/v1/dataset.pb.h"
#include "graft/v1/finetune.pb.h"
#include "graft/v1/model.pb.h"
#include "graft/v1/prediction.pb.h"

#include "client/lib/folder.h"

namespace graft::client {

struct ClientOptions {
  std::string server = "127.0.0.1:8600";              // host:port, or unix:/path
  std::string project = "default";                    // of every request that names none
  absl::Duration timeout = absl::Seconds(30);         // of a unary call
  absl::Duration upload_timeout = absl::Minutes(60);  // of a whole upload
  // How long Watch keeps trying to reach a server that has gone away.
  absl::Duration reconnect_for = absl::Minutes(2);
};

// What UploadDataset tells while it works, on the caller's thread. Any may be empty.
struct UploadCallbacks {
  // Once, before anything is sent, where a folder holds what is not.
  std::function<void(const LeftOut& left_out)> on_left_out;
  // As bytes go out.
  std::function<void(uint64_t sent, uint64_t total)> on_progress;
};

// A graft server, as typed calls. Errors are those of API.md, with field violations spelt out in
// the message; UNAVAILABLE when the server cannot be reached.
// Safe for concurrent use. Calls block; each may be made from any thread.
class Client {
 public:
  // Connects lazily: an unreachable server shows at the first call.
  static std::unique_ptr<Client> Create(const ClientOptions& options);
  virtual ~Client() = default;

  // Jobs. `request.project` is filled in where empty, here and below.
  virtual absl::StatusOr<v1::StartFineTuneResponse> StartFineTune(
      v1::StartFineTuneRequest request) = 0;
  virtual absl::StatusOr<v1::Job> GetJob(const std::string& job_id) = 0;
  virtual absl::StatusOr<v1::ListJobsResponse> ListJobs(v1::ListJobsRequest request) = 0;
  virtual absl::StatusOr<v1::Job> CancelJob(const std::string& job_id) = 0;
  virtual absl::Status DeleteJob(const std::string& job_id) = 0;

  // Calls `on_event` for each event after `after_sequence`, until the terminal one, which it
  // returns the job of. Reconnects where it left off: no event is missed, none comes twice.
  // `on_event` answers false to stop watching: CANCELLED.
  virtual absl::StatusOr<v1::Job> Watch(
      const std::string& job_id, uint64_t after_sequence,
      const std::function<bool(const v1::JobEvent&)>& on_event) = 0;

  // Datasets. `path` is a folder (one folder a class, sent as tar) or a tar, tar.gz or zip.
  virtual absl::StatusOr<v1::UploadDatasetResponse> UploadDataset(
      const std::filesystem::path& path, const std::string& display_name,
      const UploadCallbacks& callbacks) = 0;
  virtual absl::StatusOr<v1::Dataset> GetDataset(const std::string& dataset_id) = 0;
  virtual absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(
      v1::ListDatasetsRequest request) = 0;
  virtual absl::Status DeleteDataset(const std::string& dataset_id) = 0;

  // Models. `version` 0 is the latest; in DeleteModel all of them.
  virtual absl::StatusOr<v1::ListModelsResponse> ListModels(v1::ListModelsRequest request) = 0;
  virtual absl::StatusOr<v1::GetModelResponse> GetModel(const std::string& model,
                                                        int64_t version) = 0;
  virtual absl::Status DeleteModel(const std::string& model, int64_t version) = 0;

  virtual absl::StatusOr<v1::ListBackbonesResponse> ListBackbones() = 0;
  virtual absl::StatusOr<v1::PredictResponse> Predict(v1::PredictRequest request) = 0;
};

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_CLIENT_H_
