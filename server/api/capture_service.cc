#include "server/api/capture_service.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "server/api/capture_policy_message.h"
#include "server/api/list_page.h"
#include "server/api/resource_names.h"
#include "wire/time.h"

namespace graft::server {
namespace {

constexpr int kMostIds = 1'000;

absl::Status CheckPictureId(absl::string_view field, const std::string& id) {
  if (IsSha256Hex(id)) return absl::OkStatus();
  return InvalidField(field, "must be the SHA-256 of a picture, 64 lower-case hexadecimal digits");
}

absl::Status CheckDeletion(const v1::DeleteCapturedPicturesRequest& request) {
  const bool filters = !request.model().empty() || request.has_before();
  if (request.picture_ids().empty()) {
    if (filters == request.all()) {
      return InvalidField("all", filters ? "is all of the project: leave out model and before"
                                         : "must be set where no ids, model or time are given");
    }
    return request.model().empty() ? absl::OkStatus() : CheckName("model", request.model());
  }
  if (filters || request.all()) {
    return InvalidField("picture_ids", "say which pictures: leave out model, before and all");
  }
  if (request.picture_ids_size() > kMostIds) {
    return InvalidField("picture_ids", absl::StrCat("are ", request.picture_ids_size(),
                                                    "; at most 1,000 can be deleted at once"));
  }
  for (int i = 0; i < request.picture_ids_size(); ++i) {
    GRAFT_RETURN_IF_ERROR(
        CheckPictureId(absl::StrCat("picture_ids[", i, "]"), request.picture_ids(i)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CaptureService::CheckModel(const Caller& caller, const std::string& model) {
  if (model.empty()) return absl::OkStatus();
  GRAFT_RETURN_IF_ERROR(CheckName("model", model));
  const absl::Status found = environment_.store->GetModel(caller.project(), model).status();
  return absl::IsNotFound(found) ? WithReason(found, reasons::kModelNotFound) : found;
}

void CaptureService::Forget(const Caller& caller, const std::string& model) {
  if (environment_.recorder != nullptr) environment_.recorder->Forget(caller.project(), model);
}

absl::StatusOr<v1::SetCapturePolicyResponse> CaptureService::SetCapturePolicy(
    const Caller& caller, const v1::SetCapturePolicyRequest& request) {
  v1::SetCapturePolicyResponse response;
  if (!request.has_policy()) {
    // Of a model that has been deleted, too.
    if (!request.model().empty()) GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
    absl::MutexLock lock(&setting_);
    GRAFT_RETURN_IF_ERROR(
        environment_.store->DeleteCapturePolicy(caller.project(), request.model()));
    environment_.policies->Remove(caller.project(), request.model());
    Forget(caller, request.model());
  } else {
    if (environment_.recorder == nullptr) {
      return WithReason(absl::FailedPreconditionError(
                            "this server keeps no pictures: it was started with --capture=false"),
                        reasons::kCaptureOff);
    }
    GRAFT_ASSIGN_OR_RETURN(const store::CapturePolicy asked,
                           ReadCapturePolicy(caller.project(), request.model(), request.policy()));
    GRAFT_RETURN_IF_ERROR(CheckModel(caller, request.model()));
    absl::MutexLock lock(&setting_);
    GRAFT_ASSIGN_OR_RETURN(store::CapturePolicy policy,
                           environment_.store->SetCapturePolicy(asked));
    *response.mutable_policy() = ToProto(policy);
    environment_.policies->Set(std::move(policy));
    Forget(caller, request.model());
  }
  environment_.logger->Info(request.has_policy() ? "capture policy set" : "capture policy removed",
                            {{"project", caller.project()},
                             {"model", request.model()},
                             {"request", caller.request_id()}});
  return response;
}

absl::StatusOr<v1::GetCapturePolicyResponse> CaptureService::GetCapturePolicy(
    const Caller& caller, const v1::GetCapturePolicyRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckModel(caller, request.model()));
  v1::GetCapturePolicyResponse response;
  if (request.model().empty()) {
    for (const store::CapturePolicy& policy : environment_.policies->Of(caller.project())) {
      *response.add_policies() = ToProto(policy);
    }
  } else if (const auto policy = environment_.policies->Find(caller.project(), request.model())) {
    *response.add_policies() = ToProto(*policy);
  }
  response.set_allowed(environment_.recorder != nullptr);
  GRAFT_ASSIGN_OR_RETURN(const store::CaptureTotals kept,
                         environment_.store->CountCapturedPictures(
                             {.project = caller.project(), .model = request.model()}));
  response.set_pictures(kept.pictures);
  response.set_bytes(kept.bytes);
  return response;
}

absl::StatusOr<v1::ListCapturedPicturesResponse> CaptureService::ListCapturedPictures(
    const Caller& caller, const v1::ListCapturedPicturesRequest& request) {
  // Of a model that has been deleted, too.
  if (!request.model().empty()) GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  v1::ListCapturedPicturesResponse response;
  GRAFT_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      FillPage(
          size, request.page_token(),
          [&](const store::PageOptions& page) {
            return environment_.store->ListCapturedPictures(caller.project(), request.model(),
                                                            page);
          },
          [](const store::CapturedPicture& picture)
              -> absl::StatusOr<std::optional<v1::CapturedPicture>> { return ToProto(picture); },
          response.mutable_pictures()));
  return response;
}

absl::StatusOr<v1::GetCapturedPictureResponse> CaptureService::GetCapturedPicture(
    const Caller& caller, const v1::GetCapturedPictureRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckPictureId("picture_id", request.picture_id()));
  const auto missing = [](const absl::Status& status) {
    return absl::IsNotFound(status) ? WithReason(status, reasons::kPictureNotFound) : status;
  };
  const absl::StatusOr<store::CapturedPicture> picture =
      environment_.store->GetCapturedPicture(caller.project(), request.picture_id());
  if (!picture.ok()) return missing(picture.status());
  absl::StatusOr<std::string> bytes = environment_.pictures->Read(*picture);
  if (!bytes.ok()) return missing(bytes.status());  // deleted since its row was read
  v1::GetCapturedPictureResponse response;
  *response.mutable_picture() = ToProto(*picture);
  response.set_image(*std::move(bytes));
  return response;
}

absl::StatusOr<int64_t> CaptureService::Delete(const Caller& caller,
                                               const v1::DeleteCapturedPicturesRequest& request) {
  if (!request.picture_ids().empty()) {
    return environment_.pictures->Delete(
        caller.project(), {request.picture_ids().begin(), request.picture_ids().end()});
  }
  Forget(caller, request.model());
  store::CaptureFilter filter = {.project = caller.project(), .model = request.model()};
  if (request.has_before()) filter.created_before = wire::FromProto(request.before());
  return environment_.pictures->Delete(filter);
}

absl::StatusOr<v1::DeleteCapturedPicturesResponse> CaptureService::DeleteCapturedPictures(
    const Caller& caller, const v1::DeleteCapturedPicturesRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckDeletion(request));
  GRAFT_ASSIGN_OR_RETURN(const int64_t deleted, Delete(caller, request));
  environment_.logger->Info("kept pictures deleted", {{"project", caller.project()},
                                                      {"model", request.model()},
                                                      {"pictures", absl::StrCat(deleted)},
                                                      {"request", caller.request_id()}});
  v1::DeleteCapturedPicturesResponse response;
  response.set_deleted(deleted);
  return response;
}

}  // namespace graft::server
