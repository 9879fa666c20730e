#include "server/services/model_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/status_macros.h"
#include "server/rpc_interceptor.h"
#include "server/services/resource_names.h"
#include "server/unary_call.h"
#include "wire/model.h"
#include "wire/status.h"

namespace graft {

namespace {

// The store's own words say whether the model or the version is missing.
template <typename T>
absl::StatusOr<T> WithModelReason(absl::StatusOr<T> result) {
  if (absl::IsNotFound(result.status())) return WithReason(result.status(), "MODEL_NOT_FOUND");
  return result;
}

}  // namespace

absl::StatusOr<v1::Model> ModelService::WithVersions(const Model& model) {
  GRAFT_ASSIGN_OR_RETURN(std::vector<int64_t> numbers,
                         environment_.store->ListVersionNumbers(model.project, model.name));
  // A version may have come or gone since `model` was read.
  Model shown = model;
  shown.latest_version = numbers.back();
  return ToProto(shown, std::move(numbers));
}

grpc::ServerUnaryReactor* ModelService::ListModels(grpc::CallbackServerContext* context,
                                                   const v1::ListModelsRequest* request,
                                                   v1::ListModelsResponse* response) {
  return RunOn(*environment_.executor, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size()));
    GRAFT_ASSIGN_OR_RETURN(const Page<Model> page, NamingPageToken(environment_.store->ListModels(
                                                       project, {size, request->page_token()})));
    for (const Model& model : page.items) {
      absl::StatusOr<v1::Model> shown = WithVersions(model);
      if (absl::IsNotFound(shown.status())) continue;  // deleted since the page was read
      GRAFT_ASSIGN_OR_RETURN(*response->add_models(), std::move(shown));
    }
    response->set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ModelService::GetModel(grpc::CallbackServerContext* context,
                                                 const v1::GetModelRequest* request,
                                                 v1::GetModelResponse* response) {
  return RunOn(*environment_.executor, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_RETURN_IF_ERROR(CheckName("model", request->model()));
    if (request->version() < 0) return InvalidField("version", "must not be negative");
    GRAFT_ASSIGN_OR_RETURN(const Model model, WithModelReason(environment_.store->GetModel(
                                                  project, request->model())));
    GRAFT_ASSIGN_OR_RETURN(const ModelVersion version,
                           WithModelReason(environment_.store->GetModelVersion(
                               project, request->model(), request->version())));
    GRAFT_ASSIGN_OR_RETURN(const ModelVersionDetails details,
                           WithModelReason(environment_.store->GetModelVersionDetails(
                               project, request->model(), version.version)));
    GRAFT_ASSIGN_OR_RETURN(*response->mutable_model(), WithModelReason(WithVersions(model)));
    GRAFT_ASSIGN_OR_RETURN(*response->mutable_version(), ToProto(version, details));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ModelService::DeleteModel(grpc::CallbackServerContext* context,
                                                    const v1::DeleteModelRequest* request,
                                                    v1::DeleteModelResponse*) {
  return RunOn(*environment_.executor, context, [this, context, request]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_RETURN_IF_ERROR(CheckName("model", request->model()));
    if (request->version() < 0) return InvalidField("version", "must not be negative");
    // The rows first: from here on nobody finds it. Files that a crash leaves are swept at the
    // next start.
    GRAFT_ASSIGN_OR_RETURN(const std::vector<ModelVersion> deleted,
                           WithModelReason(environment_.store->DeleteModel(
                               project, request->model(), request->version())));
    if (environment_.on_deleted) {
      environment_.on_deleted(project, request->model(), request->version());
    }
    for (const ModelVersion& version : deleted) {
      const absl::Status removed = environment_.blobs->DeletePrefix(Below(version.artifact_prefix));
      if (!removed.ok()) {
        environment_.logger->Warning("files of a deleted model stay until the next start",
                                     {{"model", version.model}, {"error", removed.ToString()}});
      }
    }
    environment_.logger->Info("model deleted", {{"project", project},
                                                {"model", request->model()},
                                                {"version", absl::StrCat(request->version())},
                                                {"request", RequestId(*context)}});
    return absl::OkStatus();
  });
}

}  // namespace graft
