#include "server/rpc/services.h"

#include <utility>

#include "graft/v1/backbone.grpc.pb.h"
#include "graft/v1/capture.grpc.pb.h"
#include "graft/v1/dataset.grpc.pb.h"
#include "graft/v1/finetune.grpc.pb.h"
#include "graft/v1/model.grpc.pb.h"
#include "graft/v1/prediction.grpc.pb.h"
#include "inference/inference.grpc.pb.h"

#include "server/rpc/async_call.h"
#include "server/rpc/infer_stream.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/upload_call.h"
#include "server/rpc/watch_call.h"

namespace graft::server {
namespace {

using Context = grpc::CallbackServerContext;
using Unary = grpc::ServerUnaryReactor;

// A service whose methods are answered by `Handlers`, all but those that stream on `executor`.
template <typename Service, typename Handlers>
class UnaryRpc : public Service::CallbackService {
 public:
  // Everything is borrowed.
  UnaryRpc(const Gate* gate, Handlers* handlers, ThreadPool* executor)
      : gate_(*gate), handlers_(*handlers), executor_(*executor) {}

 protected:
  template <typename Request, typename Response>
  Unary* Answer(Context* context,
                absl::StatusOr<Response> (Handlers::*handler)(const Caller&, const Request&),
                const Request* request, Response* response) {
    return CallOn(executor_, gate_, context, handlers_, handler, request, response);
  }

  const Gate& gate_;
  Handlers& handlers_;
  ThreadPool& executor_;
};

class FineTuneRpc final : public UnaryRpc<v1::FineTuneService, FineTuneService> {
 public:
  using UnaryRpc::UnaryRpc;

  Unary* StartFineTune(Context* context, const v1::StartFineTuneRequest* request,
                       v1::StartFineTuneResponse* response) override {
    return Answer(context, &FineTuneService::StartFineTune, request, response);
  }
  Unary* GetStatus(Context* context, const v1::GetStatusRequest* request,
                   v1::GetStatusResponse* response) override {
    return Answer(context, &FineTuneService::GetStatus, request, response);
  }
  Unary* ListJobs(Context* context, const v1::ListJobsRequest* request,
                  v1::ListJobsResponse* response) override {
    return Answer(context, &FineTuneService::ListJobs, request, response);
  }
  Unary* CancelJob(Context* context, const v1::CancelJobRequest* request,
                   v1::CancelJobResponse* response) override {
    return Answer(context, &FineTuneService::CancelJob, request, response);
  }
  Unary* PauseJob(Context* context, const v1::PauseJobRequest* request,
                  v1::PauseJobResponse* response) override {
    return Answer(context, &FineTuneService::PauseJob, request, response);
  }
  Unary* ResumeJob(Context* context, const v1::ResumeJobRequest* request,
                   v1::ResumeJobResponse* response) override {
    return Answer(context, &FineTuneService::ResumeJob, request, response);
  }
  Unary* StopJob(Context* context, const v1::StopJobRequest* request,
                 v1::StopJobResponse* response) override {
    return Answer(context, &FineTuneService::StopJob, request, response);
  }
  Unary* DeleteJob(Context* context, const v1::DeleteJobRequest* request,
                   v1::DeleteJobResponse* response) override {
    return Answer(context, &FineTuneService::DeleteJob, request, response);
  }
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override {
    return StartWatch(gate_, handlers_, context, *request);
  }
};

class DatasetRpc final : public UnaryRpc<v1::DatasetService, DatasetService> {
 public:
  using UnaryRpc::UnaryRpc;

  Unary* GetDataset(Context* context, const v1::GetDatasetRequest* request,
                    v1::GetDatasetResponse* response) override {
    return Answer(context, &DatasetService::GetDataset, request, response);
  }
  Unary* ListDatasets(Context* context, const v1::ListDatasetsRequest* request,
                      v1::ListDatasetsResponse* response) override {
    return Answer(context, &DatasetService::ListDatasets, request, response);
  }
  Unary* DeleteDataset(Context* context, const v1::DeleteDatasetRequest* request,
                       v1::DeleteDatasetResponse* response) override {
    return Answer(context, &DatasetService::DeleteDataset, request, response);
  }
  grpc::ServerReadReactor<v1::UploadDatasetRequest>* UploadDataset(
      grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response) override {
    return StartUpload(handlers_, context, response);
  }
};

class ModelRpc final : public UnaryRpc<v1::ModelService, ModelService> {
 public:
  ModelRpc(const Gate* gate, ModelService* models, ThreadPool* executor, ThreadPool* waiting)
      : UnaryRpc(gate, models, executor), waiting_(*waiting) {}

  Unary* ListModels(Context* context, const v1::ListModelsRequest* request,
                    v1::ListModelsResponse* response) override {
    return Answer(context, &ModelService::ListModels, request, response);
  }
  Unary* GetModel(Context* context, const v1::GetModelRequest* request,
                  v1::GetModelResponse* response) override {
    return Answer(context, &ModelService::GetModel, request, response);
  }
  Unary* DeleteModel(Context* context, const v1::DeleteModelRequest* request,
                     v1::DeleteModelResponse* response) override {
    return Answer(context, &ModelService::DeleteModel, request, response);
  }
  Unary* SetModelPin(Context* context, const v1::SetModelPinRequest* request,
                     v1::SetModelPinResponse* response) override {
    return CallOn(waiting_, gate_, context, handlers_, &ModelService::SetModelPin, request,
                  response);
  }
  Unary* SetModelLabel(Context* context, const v1::SetModelLabelRequest* request,
                       v1::SetModelLabelResponse* response) override {
    return CallOn(waiting_, gate_, context, handlers_, &ModelService::SetModelLabel, request,
                  response);
  }

 private:
  ThreadPool& waiting_;
};

class BackboneRpc final : public UnaryRpc<v1::BackboneService, BackboneService> {
 public:
  using UnaryRpc::UnaryRpc;

  Unary* ListBackbones(Context* context, const v1::ListBackbonesRequest* request,
                       v1::ListBackbonesResponse* response) override {
    return Answer(context, &BackboneService::ListBackbones, request, response);
  }
};

class CaptureRpc final : public UnaryRpc<v1::CaptureService, CaptureService> {
 public:
  using UnaryRpc::UnaryRpc;

  Unary* SetCapturePolicy(Context* context, const v1::SetCapturePolicyRequest* request,
                          v1::SetCapturePolicyResponse* response) override {
    return Answer(context, &CaptureService::SetCapturePolicy, request, response);
  }
  Unary* GetCapturePolicy(Context* context, const v1::GetCapturePolicyRequest* request,
                          v1::GetCapturePolicyResponse* response) override {
    return Answer(context, &CaptureService::GetCapturePolicy, request, response);
  }
  Unary* ListCapturedPictures(Context* context, const v1::ListCapturedPicturesRequest* request,
                              v1::ListCapturedPicturesResponse* response) override {
    return Answer(context, &CaptureService::ListCapturedPictures, request, response);
  }
  Unary* GetCapturedPicture(Context* context, const v1::GetCapturedPictureRequest* request,
                            v1::GetCapturedPictureResponse* response) override {
    return Answer(context, &CaptureService::GetCapturedPicture, request, response);
  }
  Unary* DeleteCapturedPictures(Context* context, const v1::DeleteCapturedPicturesRequest* request,
                                v1::DeleteCapturedPicturesResponse* response) override {
    return Answer(context, &CaptureService::DeleteCapturedPictures, request, response);
  }
};

class PredictionRpc final : public v1::PredictionService::CallbackService {
 public:
  explicit PredictionRpc(const Api& api)
      : gate_(*api.gate), predictions_(*api.predictions), explanations_(api.explanations) {}

  Unary* Predict(Context* context, const v1::PredictRequest* request,
                 v1::PredictResponse* response) override {
    return CallAsync(gate_, context, predictions_, &PredictionService::Predict, request, response);
  }
  Unary* PredictMany(Context* context, const v1::PredictManyRequest* request,
                     v1::PredictManyResponse* response) override {
    return CallAsync(gate_, context, predictions_, &PredictionService::PredictMany, request,
                     response);
  }
  Unary* Embed(Context* context, const v1::EmbedRequest* request,
               v1::EmbedResponse* response) override {
    return CallAsync(gate_, context, predictions_, &PredictionService::Embed, request, response);
  }
  Unary* Explain(Context* context, const v1::ExplainRequest* request,
                 v1::ExplainResponse* response) override {
    if (explanations_ == nullptr) {
      return v1::PredictionService::CallbackService::Explain(context, request, response);
    }
    return CallAsync(gate_, context, *explanations_, &ExplanationService::Explain, request,
                     response);
  }

 private:
  const Gate& gate_;
  PredictionService& predictions_;
  ExplanationService* const explanations_;  // null: it is not served
};

class InferenceRpc final : public UnaryRpc<inference::GRPCInferenceService, InferenceService> {
 public:
  using UnaryRpc::UnaryRpc;

  Unary* ServerLive(Context* context, const inference::ServerLiveRequest* request,
                    inference::ServerLiveResponse* response) override {
    return CallNow(gate_, context, handlers_, &InferenceService::ServerLive, request, response);
  }
  Unary* ServerReady(Context* context, const inference::ServerReadyRequest* request,
                     inference::ServerReadyResponse* response) override {
    return CallNow(gate_, context, handlers_, &InferenceService::ServerReady, request, response);
  }
  Unary* ModelReady(Context* context, const inference::ModelReadyRequest* request,
                    inference::ModelReadyResponse* response) override {
    return Answer(context, &InferenceService::ModelReady, request, response);
  }
  Unary* ServerMetadata(Context* context, const inference::ServerMetadataRequest* request,
                        inference::ServerMetadataResponse* response) override {
    return Answer(context, &InferenceService::ServerMetadata, request, response);
  }
  Unary* ModelMetadata(Context* context, const inference::ModelMetadataRequest* request,
                       inference::ModelMetadataResponse* response) override {
    return Answer(context, &InferenceService::ModelMetadata, request, response);
  }
  Unary* ModelInfer(Context* context, const inference::ModelInferRequest* request,
                    inference::ModelInferResponse* response) override {
    return CallAsync(gate_, context, handlers_, &InferenceService::ModelInfer, request, response);
  }
  grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
  ModelStreamInfer(Context* context) override {
    return StartInferStream(gate_, handlers_, *context);
  }
  Unary* ModelConfig(Context* context, const inference::ModelConfigRequest* request,
                     inference::ModelConfigResponse* response) override {
    return Answer(context, &InferenceService::ModelConfig, request, response);
  }
  Unary* ModelStatistics(Context* context, const inference::ModelStatisticsRequest* request,
                         inference::ModelStatisticsResponse* response) override {
    return Answer(context, &InferenceService::ModelStatistics, request, response);
  }
  Unary* RepositoryIndex(Context* context, const inference::RepositoryIndexRequest* request,
                         inference::RepositoryIndexResponse* response) override {
    return Answer(context, &InferenceService::RepositoryIndex, request, response);
  }
  Unary* RepositoryModelLoad(Context* context, const inference::RepositoryModelLoadRequest* request,
                             inference::RepositoryModelLoadResponse* response) override {
    return CallAsync(gate_, context, handlers_, &InferenceService::RepositoryModelLoad, request,
                     response);
  }
  Unary* RepositoryModelUnload(Context* context,
                               const inference::RepositoryModelUnloadRequest* request,
                               inference::RepositoryModelUnloadResponse* response) override {
    return Answer(context, &InferenceService::RepositoryModelUnload, request, response);
  }
};

}  // namespace

std::vector<RpcService> MakeRpcServices(const Api& api, const RpcThreads& threads) {
  ThreadPool* const executor = threads.executor;
  ThreadPool* const waiting = threads.waiting;
  std::vector<RpcService> services;
  const auto add = [&](const char* name, std::unique_ptr<grpc::Service> service) {
    services.push_back({name, std::move(service)});
  };
  if (api.jobs != nullptr) {
    add(v1::FineTuneService::service_full_name(),
        std::make_unique<FineTuneRpc>(api.gate, api.jobs, executor));
  }
  if (api.datasets != nullptr) {
    add(v1::DatasetService::service_full_name(),
        std::make_unique<DatasetRpc>(api.gate, api.datasets, executor));
  }
  if (api.models != nullptr) {
    add(v1::ModelService::service_full_name(),
        std::make_unique<ModelRpc>(api.gate, api.models, executor, waiting));
  }
  if (api.backbones != nullptr) {
    add(v1::BackboneService::service_full_name(),
        std::make_unique<BackboneRpc>(api.gate, api.backbones, executor));
  }
  if (api.predictions != nullptr) {
    add(v1::PredictionService::service_full_name(), std::make_unique<PredictionRpc>(api));
  }
  if (api.inference != nullptr) {
    add(inference::GRPCInferenceService::service_full_name(),
        std::make_unique<InferenceRpc>(api.gate, api.inference, executor));
  }
  if (api.captures != nullptr) {
    add(v1::CaptureService::service_full_name(),
        std::make_unique<CaptureRpc>(api.gate, api.captures, executor));
  }
  return services;
}

}  // namespace graft::server
