#ifndef GRAFT_CLIENT_LIB_CLIENT_H_
#define GRAFT_CLIENT_LIB_CLIENT_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "graft/v1/backbone.pb.h"
#include "graft/v1/capture.pb.h"
#include "graft/v1/dataset.pb.h"
#include "graft/v1/finetune.pb.h"
#include "graft/v1/model.pb.h"
#include "graft/v1/prediction.pb.h"

#include "client/lib/cancellation.h"
#include "client/lib/folder.h"
#include "client/lib/retry.h"
#include "client/lib/timer.h"

namespace graft::client {

struct ClientOptions {
  std::string server = "127.0.0.1:8600";       // host:port, or unix:/path
  std::string project = "default";             // of every request that names none
  absl::Duration timeout = absl::Seconds(30);  // of a unary call
  // Of a whole upload. The server ends one that stands still.
  absl::Duration upload_timeout = absl::InfiniteDuration();
  // How long Watch keeps trying to reach a server that has gone away.
  absl::Duration reconnect_for = absl::Minutes(2);
  RetryOptions retry;  // of requests that may be sent twice
  // Ends every call of the client; none: nothing does.
  std::shared_ptr<Cancellation> cancellation;
  Timer* timer = Timer::System();  // outlives the client
};

// What comes with an upload.
struct UploadOptions {
  std::string display_name;                 // for people
  std::filesystem::path manifest;           // a CSV or JSON Lines beside the pictures; empty: none
  std::vector<std::string> number_columns;  // of the manifest, wherever it is
  std::vector<std::string> ignored_columns;
  // Of an archive, where it is known: the server refuses one that was damaged on the way, and takes
  // none that it has already. It is not computed here: it goes ahead of the content, so that all
  // would be read twice, and a folder's tar is made only as it is sent.
  std::string sha256;
};

// What UploadDataset tells while it works, on the caller's thread. Any may be empty.
struct UploadCallbacks {
  // Once, before anything is sent, where a folder holds what is not.
  std::function<void(const LeftOut& left_out)> on_left_out;
  // As bytes go out.
  std::function<void(uint64_t sent, uint64_t total)> on_progress;
};

// What Watch tells, on the caller's thread. `on_event` must be there.
struct WatchCallbacks {
  // Each event once, in order. False stops watching.
  std::function<bool(const v1::JobEvent& event)> on_event;
  // Once each time the connection is lost, before Watch tries to get it back.
  std::function<void(const absl::Status& why)> on_lost;
};

// A graft server, as typed calls. Errors are those of API.md, with field violations spelt out in
// the message; UNAVAILABLE when the server cannot be reached or goes away, CANCELLED once the
// options' `cancellation` is. Safe for concurrent use. Calls block; each may be made from any
// thread.
class Client {
 public:
  // Connects lazily: an unreachable server shows at the first call.
  static std::unique_ptr<Client> Create(const ClientOptions& options);
  virtual ~Client() = default;

  // Jobs. `request.project` is filled in where empty, here and below. A StartFineTune with a
  // request_id makes one job however often it is sent, and is sent again as `retry` says.
  virtual absl::StatusOr<v1::StartFineTuneResponse> StartFineTune(
      v1::StartFineTuneRequest request) = 0;
  virtual absl::StatusOr<v1::Job> GetJob(const std::string& job_id) = 0;
  virtual absl::StatusOr<v1::ListJobsResponse> ListJobs(v1::ListJobsRequest request) = 0;
  virtual absl::StatusOr<v1::Job> CancelJob(const std::string& job_id) = 0;
  virtual absl::StatusOr<v1::Job> PauseJob(const std::string& job_id) = 0;
  virtual absl::StatusOr<v1::Job> ResumeJob(const std::string& job_id) = 0;
  virtual absl::StatusOr<v1::Job> StopJob(const std::string& job_id) = 0;
  virtual absl::Status DeleteJob(const std::string& job_id) = 0;

  // Follows a job from `after_sequence` to its terminal event, which it returns the job of. Once
  // the server was reached, Watch reconnects where it left off: no event is missed, none comes
  // twice. CANCELLED where `on_event` stopped it.
  virtual absl::StatusOr<v1::Job> Watch(const std::string& job_id, uint64_t after_sequence,
                                        const WatchCallbacks& callbacks) = 0;

  // Datasets. `path` is a folder (one folder a class, sent as tar) or a tar, tar.gz or zip.
  virtual absl::StatusOr<v1::UploadDatasetResponse> UploadDataset(
      const std::filesystem::path& path, const UploadOptions& options,
      const UploadCallbacks& callbacks) = 0;
  virtual absl::StatusOr<v1::Dataset> GetDataset(const std::string& dataset_id) = 0;
  virtual absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(
      v1::ListDatasetsRequest request) = 0;
  virtual absl::Status DeleteDataset(const std::string& dataset_id) = 0;

  // Models. Of DeleteModel `version` 0 is all of them.
  virtual absl::StatusOr<v1::ListModelsResponse> ListModels(v1::ListModelsRequest request) = 0;
  virtual absl::StatusOr<v1::GetModelResponse> GetModel(v1::GetModelRequest request) = 0;
  virtual absl::Status DeleteModel(const std::string& model, int64_t version) = 0;
  virtual absl::Status SetModelPin(const std::string& model, bool pinned) = 0;
  virtual absl::StatusOr<v1::SetModelLabelResponse> SetModelLabel(
      v1::SetModelLabelRequest request) = 0;

  // Pictures kept for labelling. Of GetCapturePolicy `model` "" is all of the project's.
  virtual absl::StatusOr<v1::SetCapturePolicyResponse> SetCapturePolicy(
      v1::SetCapturePolicyRequest request) = 0;
  virtual absl::StatusOr<v1::GetCapturePolicyResponse> GetCapturePolicy(
      const std::string& model) = 0;
  virtual absl::StatusOr<v1::ListCapturedPicturesResponse> ListCapturedPictures(
      v1::ListCapturedPicturesRequest request) = 0;
  virtual absl::StatusOr<v1::GetCapturedPictureResponse> GetCapturedPicture(
      const std::string& picture_id) = 0;
  virtual absl::StatusOr<v1::DeleteCapturedPicturesResponse> DeleteCapturedPictures(
      v1::DeleteCapturedPicturesRequest request) = 0;

  virtual absl::StatusOr<v1::ListBackbonesResponse> ListBackbones() = 0;
  virtual absl::StatusOr<v1::PredictResponse> Predict(v1::PredictRequest request) = 0;
  virtual absl::StatusOr<v1::PredictManyResponse> PredictMany(v1::PredictManyRequest request) = 0;
  virtual absl::StatusOr<v1::EmbedResponse> Embed(v1::EmbedRequest request) = 0;
  virtual absl::StatusOr<v1::ExplainResponse> Explain(v1::ExplainRequest request) = 0;
};

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_CLIENT_H_
