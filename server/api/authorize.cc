#include "server/api/authorize.h"

namespace graft::server {
namespace {

constexpr MethodRule kRules[] = {
    {"graft.v1.BackboneService/ListBackbones", Permission::kView},
    {"graft.v1.CaptureService/SetCapturePolicy", Permission::kTrain},
    {"graft.v1.CaptureService/GetCapturePolicy", Permission::kView},
    {"graft.v1.CaptureService/ListCapturedPictures", Permission::kReview},
    {"graft.v1.CaptureService/GetCapturedPicture", Permission::kReview},
    {"graft.v1.CaptureService/DeleteCapturedPictures", Permission::kDelete},
    {"graft.v1.DatasetService/UploadDataset", Permission::kUpload, /*starts_work=*/true},
    {"graft.v1.DatasetService/GetDataset", Permission::kView},
    {"graft.v1.DatasetService/ListDatasets", Permission::kView},
    {"graft.v1.DatasetService/DeleteDataset", Permission::kDelete},
    {"graft.v1.FineTuneService/StartFineTune", Permission::kTrain, /*starts_work=*/true},
    {"graft.v1.FineTuneService/GetStatus", Permission::kView},
    {"graft.v1.FineTuneService/Watch", Permission::kView},
    {"graft.v1.FineTuneService/ListJobs", Permission::kView},
    {"graft.v1.FineTuneService/CancelJob", Permission::kTrain},
    {"graft.v1.FineTuneService/PauseJob", Permission::kTrain},
    {"graft.v1.FineTuneService/ResumeJob", Permission::kTrain},
    {"graft.v1.FineTuneService/StopJob", Permission::kTrain},
    {"graft.v1.FineTuneService/DeleteJob", Permission::kDelete},
    {"graft.v1.ModelService/ListModels", Permission::kView},
    {"graft.v1.ModelService/GetModel", Permission::kView},
    {"graft.v1.ModelService/DeleteModel", Permission::kDelete},
    {"graft.v1.ModelService/SetModelLabel", Permission::kTrain},
    {"graft.v1.ModelService/SetModelPin", Permission::kTrain},
    {"graft.v1.PredictionService/Predict", Permission::kPredict},
    {"graft.v1.PredictionService/PredictMany", Permission::kPredict},
    {"graft.v1.PredictionService/Embed", Permission::kPredict},
    {"graft.v1.PredictionService/Explain", Permission::kPredict},
    {"inference.GRPCInferenceService/ServerLive", Permission::kView},
    {"inference.GRPCInferenceService/ServerReady", Permission::kView},
    {"inference.GRPCInferenceService/ModelReady", Permission::kView},
    {"inference.GRPCInferenceService/ServerMetadata", Permission::kView},
    {"inference.GRPCInferenceService/ModelMetadata", Permission::kView},
    {"inference.GRPCInferenceService/ModelInfer", Permission::kPredict},
    {"inference.GRPCInferenceService/ModelStreamInfer", Permission::kPredict},
    {"inference.GRPCInferenceService/ModelConfig", Permission::kView},
    {"inference.GRPCInferenceService/ModelStatistics", Permission::kView},
    {"inference.GRPCInferenceService/RepositoryIndex", Permission::kView},
    {"inference.GRPCInferenceService/RepositoryModelLoad", Permission::kPredict},
    {"inference.GRPCInferenceService/RepositoryModelUnload", Permission::kTrain},
};

}  // namespace

absl::Span<const MethodRule> MethodRules() { return kRules; }

const MethodRule* FindMethodRule(absl::string_view method) {
  for (const MethodRule& rule : kRules) {
    if (rule.method == method) return &rule;
  }
  return nullptr;
}

absl::Status Authorize(const Principal& /*principal*/, const Action& /*action*/) {
  return absl::OkStatus();
}

}  // namespace graft::server
