#include "server/api/model_service.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/serving/drift_watch.h"
#include "server/api/list_page.h"
#include "server/api/resource_names.h"
#include "wire/model.h"

namespace graft::server {

namespace {

// The store's own words say whether the model or the version is missing.
template <typename T>
absl::StatusOr<T> WithModelReason(absl::StatusOr<T> result) {
  if (absl::IsNotFound(result.status()))
    return WithReason(result.status(), reasons::kModelNotFound);
  return result;
}

// Of a label or a pin that is set without a deadline.
constexpr absl::Duration kLoadTimeout = absl::Minutes(5);

absl::Status CheckLabel(const std::string& label) {
  GRAFT_RETURN_IF_ERROR(CheckName("label", label));
  if (label == "latest") {
    return InvalidField("label", "\"latest\" is version 0, the newest: it cannot be set");
  }
  if (std::all_of(label.begin(), label.end(), absl::ascii_isdigit)) {
    return InvalidField("label", "must not be a number: that is how versions are named");
  }
  return absl::OkStatus();
}

v1::Serving ServingOf(const serving::ModelStatus& loaded) {
  v1::Serving serving;
  serving.set_engine(loaded.engine.engine);
  serving.set_precision(loaded.engine.precision);
  for (const std::string& declined : loaded.engine.declined) serving.add_declined(declined);
  serving.set_precision_reason(loaded.engine.precision_reason);
  serving.set_bytes(static_cast<int64_t>(loaded.own_bytes));
  if (loaded.drift_watch == nullptr) return serving;
  for (const serving::NamedDrift& each : loaded.drift_watch->NamedFigures()) {
    v1::Drift* const drift = serving.add_drift();
    drift->set_of(each.figure.of);
    drift->set_inputs(each.figure.inputs);
    if (!each.figure.index.has_value()) continue;
    drift->set_index(*each.figure.index);
    drift->set_what(each.what);
    drift->set_usual(each.figure.usual);
    drift->set_now(each.figure.now);
    drift->set_deviation(each.figure.deviation);
  }
  return serving;
}

}  // namespace

absl::StatusOr<v1::Model> ModelService::WithVersions(const store::Model& model) {
  GRAFT_ASSIGN_OR_RETURN(std::vector<int64_t> numbers,
                         environment_.store->ListVersionNumbers(model.project, model.name));
  // A version may have come or gone since `model` was read.
  store::Model shown = model;
  shown.latest_version = numbers.back();
  GRAFT_ASSIGN_OR_RETURN(const std::vector<store::ModelLabel> labels,
                         environment_.store->ListModelLabels(model.project, model.name));
  v1::Model proto = wire::ToProto(shown, std::move(numbers));
  for (const store::ModelLabel& each : labels) {
    (*proto.mutable_labels())[each.label] = each.version;
  }
  return proto;
}

absl::StatusOr<v1::ListModelsResponse> ModelService::ListModels(
    const Caller& caller, const v1::ListModelsRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  v1::ListModelsResponse response;
  GRAFT_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      FillPage(
          size, request.page_token(),
          [&](const store::PageOptions& page) {
            return environment_.store->ListModels(caller.project(), page);
          },
          [this](const store::Model& model) -> absl::StatusOr<std::optional<v1::Model>> {
            absl::StatusOr<v1::Model> shown = WithVersions(model);
            // Deleted since the page was read.
            if (absl::IsNotFound(shown.status())) return std::nullopt;
            return shown;
          },
          response.mutable_models()));
  return response;
}

absl::StatusOr<v1::GetModelResponse> ModelService::GetModel(const Caller& caller,
                                                            const v1::GetModelRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  if (request.version() < 0) return InvalidField("version", "must not be negative");
  if (request.version() != 0 && !request.label().empty()) {
    return InvalidField("label", "is in place of version: give one of them");
  }
  int64_t number = request.version();
  if (!request.label().empty()) {
    GRAFT_ASSIGN_OR_RETURN(number, LabelledVersion(*environment_.store, caller.project(),
                                                   request.model(), request.label()));
  }
  GRAFT_ASSIGN_OR_RETURN(const store::Model model, WithModelReason(environment_.store->GetModel(
                                                       caller.project(), request.model())));
  GRAFT_ASSIGN_OR_RETURN(const store::ModelVersion version,
                         WithModelReason(environment_.store->GetModelVersion(
                             caller.project(), request.model(), number)));
  GRAFT_ASSIGN_OR_RETURN(const store::ModelVersionDetails details,
                         WithModelReason(environment_.store->GetModelVersionDetails(
                             caller.project(), request.model(), version.version)));
  v1::GetModelResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_model(), WithModelReason(WithVersions(model)));
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_version(), wire::ToProto(version, details));
  const std::optional<serving::ModelStatus> loaded =
      environment_.loaded({caller.project(), request.model(), version.version});
  if (loaded.has_value()) *response.mutable_serving() = ServingOf(*loaded);
  return response;
}

absl::StatusOr<v1::DeleteModelResponse> ModelService::DeleteModel(
    const Caller& caller, const v1::DeleteModelRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  if (request.version() < 0) return InvalidField("version", "must not be negative");
  // The rows first: from here on nobody finds it. Files that a crash leaves are swept at the
  // next start.
  std::vector<store::ModelVersion> deleted;
  {
    absl::MutexLock lock(&labels_);  // a label set meanwhile is set before or after both
    GRAFT_ASSIGN_OR_RETURN(deleted, WithModelReason(environment_.store->DeleteModel(
                                        caller.project(), request.model(), request.version())));
    if (environment_.on_deleted) {
      environment_.on_deleted(caller.project(), request.model(), request.version());
    }
    if (absl::IsNotFound(
            environment_.store->GetModel(caller.project(), request.model()).status())) {
      environment_.on_pin(caller.project(), request.model(), false);  // it went with the model
    }
  }
  for (const store::ModelVersion& version : deleted) {
    const absl::Status removed =
        environment_.blobs->DeletePrefix(artifacts::Below(version.artifact_prefix));
    if (!removed.ok()) {
      environment_.logger->Warning("files of a deleted model stay until the next start",
                                   {{"model", version.model}, {"error", removed.ToString()}});
    }
  }
  environment_.logger->Info("model deleted", {{"project", caller.project()},
                                              {"model", request.model()},
                                              {"version", absl::StrCat(request.version())},
                                              {"request", caller.request_id()}});
  return v1::DeleteModelResponse();
}

absl::StatusOr<std::shared_ptr<const void>> ModelService::Hold(const Caller& caller,
                                                               const std::string& model,
                                                               int64_t version) {
  const absl::Duration timeout = std::min(caller.deadline() - absl::Now(), kLoadTimeout);
  return environment_.load({caller.project(), model, version}, timeout);
}

absl::StatusOr<v1::SetModelLabelResponse> ModelService::SetModelLabel(
    const Caller& caller, const v1::SetModelLabelRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  GRAFT_RETURN_IF_ERROR(CheckLabel(request.label()));
  if (request.version() < 0) return InvalidField("version", "must not be negative");
  std::optional<int64_t> expected;
  if (request.has_expected_version()) expected = request.expected_version();
  const store::ModelLabel label = {caller.project(), request.model(), request.label(),
                                   request.version()};
  // In memory and warm before anybody is sent to it, and until somebody can be.
  std::shared_ptr<const void> held;
  if (request.version() != 0) {
    GRAFT_ASSIGN_OR_RETURN(held, Hold(caller, label.model, label.version));
  }
  v1::SetModelLabelResponse response;
  {
    absl::MutexLock lock(&labels_);
    GRAFT_ASSIGN_OR_RETURN(const int64_t previous,
                           WithModelReason(environment_.store->SetModelLabel(label, expected)));
    response.set_previous_version(previous);
    environment_.on_label(label);
  }
  environment_.logger->Info("model label set",
                            {{"project", caller.project()},
                             {"model", request.model()},
                             {"label", request.label()},
                             {"version", absl::StrCat(request.version())},
                             {"before", absl::StrCat(response.previous_version())},
                             {"request", caller.request_id()}});
  return response;
}

absl::StatusOr<v1::SetModelPinResponse> ModelService::SetModelPin(
    const Caller& caller, const v1::SetModelPinRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  GRAFT_ASSIGN_OR_RETURN(const store::Model model, WithModelReason(environment_.store->GetModel(
                                                       caller.project(), request.model())));
  // All that will have to stay fits at one time, or there is no pin.
  std::vector<std::shared_ptr<const void>> held;
  if (request.pinned()) {
    std::set<int64_t> versions = {model.latest_version};
    GRAFT_ASSIGN_OR_RETURN(const std::vector<store::ModelLabel> labels,
                           environment_.store->ListModelLabels(model.project, model.name));
    for (const store::ModelLabel& each : labels) versions.insert(each.version);
    for (const int64_t version : versions) {
      GRAFT_ASSIGN_OR_RETURN(held.emplace_back(), Hold(caller, model.name, version));
    }
  }
  {
    absl::MutexLock lock(&labels_);
    const absl::Status set =
        environment_.store->SetModelPin(model.project, model.name, request.pinned());
    if (absl::IsNotFound(set)) return WithReason(set, reasons::kModelNotFound);
    GRAFT_RETURN_IF_ERROR(set);
    environment_.on_pin(model.project, model.name, request.pinned());
  }
  environment_.logger->Info(request.pinned() ? "model pinned" : "model unpinned",
                            {{"project", caller.project()},
                             {"model", request.model()},
                             {"request", caller.request_id()}});
  return v1::SetModelPinResponse();
}

}  // namespace graft::server
