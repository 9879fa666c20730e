#ifndef GRAFT_SERVER_API_INFERENCE_SERVICE_H_
#define GRAFT_SERVER_API_INFERENCE_SERVICE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inference/inference.pb.h"

#include "core/base/clock.h"
#include "core/serving/model_manager.h"
#include "core/serving/predictor.h"
#include "core/serving/serving_observer.h"
#include "core/store/metadata_store.h"
#include "server/api/caller.h"
#include "server/api/infer_streams.h"
#include "server/api/inference_statistics.h"
#include "server/request_log/request_log.h"
#include "wire/model.h"

namespace graft::server {

// The Open Inference Protocol (proto/inference/inference.proto) over the models that jobs made.
// ModelInfer and RepositoryModelLoad never block; the others do. Everything is borrowed. Safe for
// concurrent use.
class InferenceService {
 public:
  struct Environment {
    serving::Predictor* predictor = nullptr;
    serving::ModelManager* models = nullptr;
    store::MetadataStore* store = nullptr;
    Clock* clock = nullptr;
    serving::ServingObserver* observer = nullptr;  // of requests that are refused; may be null
    std::function<absl::Status()> ready;           // OK while the server takes new work
    const InferenceStatistics* statistics = nullptr;
    int max_inputs = 64;  // of one request
    size_t max_streams = 1'000;
    // Cut out of error messages that are parts of answers (hide_folders.h).
    std::vector<std::string> private_folders;
    RequestLog* log = nullptr;  // of requests that were let in; may be null
  };
  explicit InferenceService(Environment environment) : environment_(std::move(environment)) {}

  absl::StatusOr<inference::ServerLiveResponse> ServerLive(
      const Caller& caller, const inference::ServerLiveRequest& request);
  absl::StatusOr<inference::ServerReadyResponse> ServerReady(
      const Caller& caller, const inference::ServerReadyRequest& request);
  absl::StatusOr<inference::ModelReadyResponse> ModelReady(
      const Caller& caller, const inference::ModelReadyRequest& request);
  absl::StatusOr<inference::ServerMetadataResponse> ServerMetadata(
      const Caller& caller, const inference::ServerMetadataRequest& request);
  absl::StatusOr<inference::ModelMetadataResponse> ModelMetadata(
      const Caller& caller, const inference::ModelMetadataRequest& request);
  absl::StatusOr<inference::ModelConfigResponse> ModelConfig(
      const Caller& caller, const inference::ModelConfigRequest& request);
  absl::StatusOr<inference::ModelStatisticsResponse> ModelStatistics(
      const Caller& caller, const inference::ModelStatisticsRequest& request);
  absl::StatusOr<inference::RepositoryIndexResponse> RepositoryIndex(
      const Caller& caller, const inference::RepositoryIndexRequest& request);
  absl::StatusOr<inference::RepositoryModelUnloadResponse> RepositoryModelUnload(
      const Caller& caller, const inference::RepositoryModelUnloadRequest& request);

  // Called once, on any thread, maybe before RepositoryModelLoad returns: loading takes its time,
  // and no thread waits for it.
  using LoadDone = std::function<void(absl::StatusOr<inference::RepositoryModelLoadResponse>)>;
  void RepositoryModelLoad(const Caller& caller, inference::RepositoryModelLoadRequest request,
                           LoadDone done);
  // Nobody counts those that are not let in.
  void OnRefused(const inference::RepositoryModelLoadRequest&, const absl::Status&) const {}

  // Called once, on any thread, maybe before ModelInfer returns.
  using Done = std::function<void(absl::StatusOr<inference::ModelInferResponse>)>;
  // Takes the pictures out of the request.
  void ModelInfer(const Caller& caller, inference::ModelInferRequest request, Done done);
  // Tells the observer of a request that was refused with `status`.
  void OnRefused(const inference::ModelInferRequest& request, const absl::Status& status) const;

  // The message of an error that is a part of an answer.
  std::string ErrorText(const absl::Status& status) const;

  // Those of ModelStreamInfer that are open: they go on as long as their callers like, unless they
  // are stopped.
  InferStreams& streams() { return streams_; }

 private:
  // A version as clients have to know it.
  struct Described {
    store::ModelVersion row;
    wire::AnswerForm answers;
  };
  absl::StatusOr<Described> Describe(const Caller& caller, const std::string& model,
                                     const std::string& version) const;
  // The row of the version that is asked for by name and version as the protocol writes them.
  absl::StatusOr<store::ModelVersion> Find(const Caller& caller, const std::string& model,
                                           const std::string& version) const;

  // Of one version, in the index.
  void Index(const serving::ModelKey& key, bool only_ready,
             inference::RepositoryIndexResponse* response) const;

  const Environment environment_;
  InferStreams streams_{environment_.max_streams};
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_INFERENCE_SERVICE_H_
