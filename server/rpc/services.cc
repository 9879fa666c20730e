#include "server/rpc/services.h"

#include <utility>

#include "graft/v1/backbone.grpc.pb.h"
#include "graft/v1/dataset.grpc.pb.h"
#include "graft/v1/finetune.grpc.pb.h"
#include "graft/v1/model.grpc.pb.h"
#include "graft/v1/prediction.grpc.pb.h"

#include "server/rpc/predict_call.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/upload_call.h"
#include "server/rpc/watch_call.h"

namespace graft {
namespace {

using Context = grpc::CallbackServerContext;
using Unary = grpc::ServerUnaryReactor;

class FineTuneRpc final : public v1::FineTuneService::CallbackService {
 public:
  FineTuneRpc(const Api& api, ThreadPool* executor) : api_(api), executor_(*executor) {}

  Unary* StartFineTune(Context* context, const v1::StartFineTuneRequest* request,
                       v1::StartFineTuneResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.jobs, &FineTuneService::StartFineTune,
                  request, response);
  }
  Unary* GetStatus(Context* context, const v1::GetStatusRequest* request,
                   v1::GetStatusResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.jobs, &FineTuneService::GetStatus, request,
                  response);
  }
  Unary* ListJobs(Context* context, const v1::ListJobsRequest* request,
                  v1::ListJobsResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.jobs, &FineTuneService::ListJobs, request,
                  response);
  }
  Unary* CancelJob(Context* context, const v1::CancelJobRequest* request,
                   v1::CancelJobResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.jobs, &FineTuneService::CancelJob, request,
                  response);
  }
  Unary* DeleteJob(Context* context, const v1::DeleteJobRequest* request,
                   v1::DeleteJobResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.jobs, &FineTuneService::DeleteJob, request,
                  response);
  }
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override {
    return StartWatch(*api_.gate, *api_.jobs, context, *request);
  }

 private:
  const Api api_;
  ThreadPool& executor_;
};

class DatasetRpc final : public v1::DatasetService::CallbackService {
 public:
  DatasetRpc(const Api& api, ThreadPool* executor) : api_(api), executor_(*executor) {}

  Unary* GetDataset(Context* context, const v1::GetDatasetRequest* request,
                    v1::GetDatasetResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.datasets, &DatasetService::GetDataset,
                  request, response);
  }
  Unary* ListDatasets(Context* context, const v1::ListDatasetsRequest* request,
                      v1::ListDatasetsResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.datasets, &DatasetService::ListDatasets,
                  request, response);
  }
  Unary* DeleteDataset(Context* context, const v1::DeleteDatasetRequest* request,
                       v1::DeleteDatasetResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.datasets, &DatasetService::DeleteDataset,
                  request, response);
  }
  grpc::ServerReadReactor<v1::UploadDatasetRequest>* UploadDataset(
      grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response) override {
    return StartUpload(*api_.datasets, context, response);
  }

 private:
  const Api api_;
  ThreadPool& executor_;
};

class ModelRpc final : public v1::ModelService::CallbackService {
 public:
  ModelRpc(const Api& api, ThreadPool* executor) : api_(api), executor_(*executor) {}

  Unary* ListModels(Context* context, const v1::ListModelsRequest* request,
                    v1::ListModelsResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.models, &ModelService::ListModels, request,
                  response);
  }
  Unary* GetModel(Context* context, const v1::GetModelRequest* request,
                  v1::GetModelResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.models, &ModelService::GetModel, request,
                  response);
  }
  Unary* DeleteModel(Context* context, const v1::DeleteModelRequest* request,
                     v1::DeleteModelResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.models, &ModelService::DeleteModel, request,
                  response);
  }

 private:
  const Api api_;
  ThreadPool& executor_;
};

class BackboneRpc final : public v1::BackboneService::CallbackService {
 public:
  BackboneRpc(const Api& api, ThreadPool* executor) : api_(api), executor_(*executor) {}

  Unary* ListBackbones(Context* context, const v1::ListBackbonesRequest* request,
                       v1::ListBackbonesResponse* response) override {
    return CallOn(executor_, *api_.gate, context, *api_.backbones, &BackboneService::ListBackbones,
                  request, response);
  }

 private:
  const Api api_;
  ThreadPool& executor_;
};

class PredictionRpc final : public v1::PredictionService::CallbackService {
 public:
  explicit PredictionRpc(const Api& api) : api_(api) {}

  Unary* Predict(Context* context, const v1::PredictRequest* request,
                 v1::PredictResponse* response) override {
    return StartPredict(*api_.gate, *api_.predictions, context, request, response);
  }

 private:
  const Api api_;
};

}  // namespace

std::vector<RpcService> MakeRpcServices(const Api& api, ThreadPool* executor) {
  std::vector<RpcService> services;
  const auto add = [&](const char* name, std::unique_ptr<grpc::Service> service) {
    services.push_back({name, std::move(service)});
  };
  if (api.jobs != nullptr) {
    add(v1::FineTuneService::service_full_name(), std::make_unique<FineTuneRpc>(api, executor));
  }
  if (api.datasets != nullptr) {
    add(v1::DatasetService::service_full_name(), std::make_unique<DatasetRpc>(api, executor));
  }
  if (api.models != nullptr) {
    add(v1::ModelService::service_full_name(), std::make_unique<ModelRpc>(api, executor));
  }
  if (api.backbones != nullptr) {
    add(v1::BackboneService::service_full_name(), std::make_unique<BackboneRpc>(api, executor));
  }
  if (api.predictions != nullptr) {
    add(v1::PredictionService::service_full_name(), std::make_unique<PredictionRpc>(api));
  }
  return services;
}

}  // namespace graft
