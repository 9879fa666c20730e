#include "server/api/dataset_service.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/error_reasons.h"
#include "core/base/refusals.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "server/api/list_page.h"
#include "server/api/resource_names.h"
#include "server/api/run_handler.h"
#include "wire/dataset.h"

namespace graft::server {
namespace {

constexpr size_t kMaxDisplayName = 200;

absl::Status CheckHeader(const v1::UploadHeader& header) {
  if (header.display_name().size() > kMaxDisplayName) {
    return InvalidField("header.display_name",
                        absl::StrCat("must be at most ", kMaxDisplayName, " characters"));
  }
  if (!v1::ArchiveFormat_IsValid(header.format())) {
    return InvalidField("header.format", absl::StrCat(static_cast<int>(header.format()),
                                                      " is not a format that is known here"));
  }
  return absl::OkStatus();
}

}  // namespace

DatasetService::DatasetService(Environment environment, UploadEnvironment uploads,
                               size_t max_uploads)
    : environment_(std::move(environment)), uploads_(std::move(uploads)), slots_(max_uploads) {
  uploads_.admit = [this](const CallContext& context,
                          const v1::UploadHeader& header) -> absl::StatusOr<std::string> {
    GRAFT_ASSIGN_OR_RETURN(const Caller caller,
                           environment_.gate->Admit(
                               context, "graft.v1.DatasetService/UploadDataset", header.project()));
    GRAFT_RETURN_IF_ERROR(CheckHeader(header));
    return caller.project();
  };
  uploads_.find_repeated = [this](const std::string& project, const v1::UploadHeader& header)
      -> absl::StatusOr<std::optional<v1::UploadDatasetResponse>> {
    GRAFT_ASSIGN_OR_RETURN(const std::optional<store::Dataset> dataset,
                           environment_.store->FindDatasetByArchive(project, header.sha256()));
    if (!dataset.has_value()) return std::nullopt;
    v1::UploadDatasetResponse response;
    GRAFT_ASSIGN_OR_RETURN(*response.mutable_dataset(), wire::ToProto(*dataset));
    return response;
  };
  uploads_.accept = [this](const ReceivedArchive& archive, v1::UploadDatasetResponse* response) {
    return Accept(archive, response);
  };
}

std::shared_ptr<UploadSession> DatasetService::UploadDataset(CallContext context) {
  return MakeUploadSession(uploads_, slots_, std::move(context));
}

absl::Status DatasetService::Accept(const ReceivedArchive& archive,
                                    v1::UploadDatasetResponse* response) {
  GRAFT_ASSIGN_OR_RETURN(IngestedDataset ingested,
                         environment_.ingest(archive, archive.file.parent_path()));
  v1::Dataset& description = ingested.description;
  const std::string& project = archive.header.project();
  description.set_id(environment_.ids->NewId("dataset"));
  description.set_project(project);
  description.set_display_name(archive.header.display_name());
  GRAFT_ASSIGN_OR_RETURN(store::Dataset row, wire::ToRow(description));
  row.format = ingested.format;
  row.archive_sha256 = archive.sha256;
  GRAFT_ASSIGN_OR_RETURN(const store::CreateDatasetResult created, Publish(row, ingested, archive));
  GRAFT_ASSIGN_OR_RETURN(*response->mutable_dataset(), wire::ToProto(created.dataset));
  response->set_created(created.created);
  if (!created.created) {
    // What was left out and why is about this archive, not about the one that came first.
    *response->mutable_dataset()->mutable_skipped() = description.skipped();
    response->mutable_dataset()->set_skipped_total(description.skipped_total());
    return absl::OkStatus();
  }
  environment_.metrics->datasets_uploaded_total.Increment();
  environment_.logger->Info("dataset created",
                            {{"dataset", created.dataset.id},
                             {"project", project},
                             {"images", absl::StrCat(created.dataset.image_count)},
                             {"headline", created.dataset.headline}});
  return absl::OkStatus();
}

absl::StatusOr<store::CreateDatasetResult> DatasetService::Publish(const store::Dataset& dataset,
                                                                   const IngestedDataset& ingested,
                                                                   const ReceivedArchive& archive) {
  const std::string prefix = artifacts::DatasetPrefix(dataset.project, dataset.digest);
  absl::MutexLock lock(&publish_mutex_);
  // Of a dataset that is there all blobs are. Fewer are what an interrupted deletion left, and may
  // hold the images in another order than this archive's.
  size_t present = 0;
  for (const auto& [name, file] : ingested.files) {
    const absl::Status found = environment_.blobs->Size(artifacts::BlobIn(prefix, name)).status();
    if (found.ok()) {
      ++present;
    } else if (!absl::IsNotFound(found)) {
      return found;
    }
  }
  // Only blobs that this upload made are taken back: others belong to a dataset that is there.
  std::vector<std::string> made;
  absl::Cleanup take_back = [&] {
    for (const std::string& key : made) (void)environment_.blobs->Delete(key);
  };
  if (present < ingested.files.size()) {
    if (present > 0)
      GRAFT_RETURN_IF_ERROR(environment_.blobs->DeletePrefix(artifacts::Below(prefix)));
    for (const auto& [name, file] : ingested.files) {
      const absl::Status put =
          environment_.blobs->PutFileIfAbsent(artifacts::BlobIn(prefix, name), file);
      if (!put.ok()) return absl::IsResourceExhausted(put) ? DiskFull() : put;
      made.push_back(artifacts::BlobIn(prefix, name));
    }
  }
  if (archive.abandoned()) return absl::CancelledError("the client went away");
  absl::StatusOr<store::CreateDatasetResult> created = environment_.store->CreateDataset(dataset);
  if (!created.ok()) return ExplainExhausted(created.status());
  std::move(take_back).Cancel();
  return created;
}

absl::StatusOr<v1::GetDatasetResponse> DatasetService::GetDataset(
    const Caller& caller, const v1::GetDatasetRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckId("dataset_id", request.dataset_id()));
  GRAFT_ASSIGN_OR_RETURN(
      const store::Dataset dataset,
      NotFoundAs(DatasetNotFound(request.dataset_id()),
                 environment_.store->GetDataset(caller.project(), request.dataset_id())));
  v1::GetDatasetResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_dataset(), wire::ToProto(dataset));
  return response;
}

absl::StatusOr<v1::ListDatasetsResponse> DatasetService::ListDatasets(
    const Caller& caller, const v1::ListDatasetsRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  v1::ListDatasetsResponse response;
  GRAFT_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      FillPage(
          size, request.page_token(),
          [&](const store::PageOptions& page) {
            return environment_.store->ListDatasets(caller.project(), page);
          },
          [](const store::Dataset& dataset) -> absl::StatusOr<std::optional<v1::Dataset>> {
            return wire::ToProto(dataset);
          },
          response.mutable_datasets()));
  return response;
}

absl::StatusOr<v1::DeleteDatasetResponse> DatasetService::DeleteDataset(
    const Caller& caller, const v1::DeleteDatasetRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckId("dataset_id", request.dataset_id()));
  const std::string& id = request.dataset_id();
  absl::MutexLock lock(&publish_mutex_);
  const auto deleted = environment_.store->DeleteDataset(caller.project(), id);
  if (absl::IsNotFound(deleted.status())) return DatasetNotFound(id);
  if (absl::IsFailedPrecondition(deleted.status())) {
    return WithReason(deleted.status(), reasons::kDatasetInUse);
  }
  GRAFT_RETURN_IF_ERROR(deleted.status());
  const absl::Status removed = environment_.blobs->DeletePrefix(
      artifacts::Below(artifacts::DatasetPrefix(caller.project(), deleted->digest)));
  if (!removed.ok()) {
    environment_.logger->Warning("files of a deleted dataset stay until the next start",
                                 {{"dataset", id}, {"error", removed.ToString()}});
  }
  environment_.logger->Info(
      "dataset deleted",
      {{"dataset", id}, {"project", caller.project()}, {"request", caller.request_id()}});
  return v1::DeleteDatasetResponse();
}

}  // namespace graft::server
