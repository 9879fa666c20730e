#include "server/services/dataset_service.h"

#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/status_macros.h"
#include "server/rpc_interceptor.h"
#include "server/services/resource_names.h"
#include "server/unary_call.h"
#include "wire/dataset.h"
#include "wire/status.h"

namespace graft {
namespace {

constexpr size_t kMaxDisplayName = 200;

absl::Status CheckHeader(const v1::UploadHeader& header) {
  GRAFT_RETURN_IF_ERROR(ProjectOf(header.project()).status());
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
  uploads_.check = [this](const v1::UploadHeader& header) {
    GRAFT_RETURN_IF_ERROR(environment_.admit());
    return CheckHeader(header);
  };
  uploads_.accept = [this](const ReceivedArchive& archive, v1::UploadDatasetResponse* response) {
    return Accept(archive, response);
  };
}

grpc::ServerReadReactor<v1::UploadDatasetRequest>* DatasetService::UploadDataset(
    grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response) {
  return StartUpload(uploads_, slots_, context, response);
}

absl::Status DatasetService::Accept(const ReceivedArchive& archive,
                                    v1::UploadDatasetResponse* response) {
  GRAFT_ASSIGN_OR_RETURN(IngestedDataset ingested,
                         environment_.ingest(archive, archive.file.parent_path()));
  v1::Dataset& description = ingested.description;
  GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(archive.header.project()));
  description.set_id(environment_.ids->NewId("dataset"));
  description.set_project(project);
  description.set_display_name(archive.header.display_name());
  GRAFT_ASSIGN_OR_RETURN(Dataset row, ToRow(description));
  row.format = ingested.format;
  GRAFT_ASSIGN_OR_RETURN(const CreateDatasetResult created, Publish(row, ingested, archive));
  GRAFT_ASSIGN_OR_RETURN(*response->mutable_dataset(), ToProto(created.dataset));
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

absl::StatusOr<CreateDatasetResult> DatasetService::Publish(const Dataset& dataset,
                                                            const IngestedDataset& ingested,
                                                            const ReceivedArchive& archive) {
  const std::string prefix = DatasetPrefix(dataset.project, dataset.digest);
  absl::MutexLock lock(&publish_mutex_);
  // Of a dataset that is there all blobs are. Fewer are what an interrupted deletion left, and may
  // hold the images in another order than this archive's.
  size_t present = 0;
  for (const auto& [name, file] : ingested.files) {
    const absl::Status found = environment_.blobs->Size(BlobIn(prefix, name)).status();
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
    if (present > 0) GRAFT_RETURN_IF_ERROR(environment_.blobs->DeletePrefix(Below(prefix)));
    for (const auto& [name, file] : ingested.files) {
      const absl::Status put = environment_.blobs->PutFileIfAbsent(BlobIn(prefix, name), file);
      if (!put.ok()) return absl::IsResourceExhausted(put) ? DiskFull() : put;
      made.push_back(BlobIn(prefix, name));
    }
  }
  if (archive.abandoned()) return absl::CancelledError("the client went away");
  absl::StatusOr<CreateDatasetResult> created = environment_.store->CreateDataset(dataset);
  if (!created.ok()) return ExplainExhausted(created.status());
  std::move(take_back).Cancel();
  return created;
}

grpc::ServerUnaryReactor* DatasetService::GetDataset(grpc::CallbackServerContext* context,
                                                     const v1::GetDatasetRequest* request,
                                                     v1::GetDatasetResponse* response) {
  return RunOn(*environment_.executor, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_RETURN_IF_ERROR(CheckId("dataset_id", request->dataset_id()));
    GRAFT_ASSIGN_OR_RETURN(const Dataset dataset,
                           Found("dataset", request->dataset_id(),
                                 environment_.store->GetDataset(project, request->dataset_id())));
    GRAFT_ASSIGN_OR_RETURN(*response->mutable_dataset(), ToProto(dataset));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* DatasetService::ListDatasets(grpc::CallbackServerContext* context,
                                                       const v1::ListDatasetsRequest* request,
                                                       v1::ListDatasetsResponse* response) {
  return RunOn(*environment_.executor, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size()));
    GRAFT_ASSIGN_OR_RETURN(
        const Page<Dataset> page,
        NamingPageToken(environment_.store->ListDatasets(project, {size, request->page_token()})));
    for (const Dataset& dataset : page.items) {
      GRAFT_ASSIGN_OR_RETURN(*response->add_datasets(), ToProto(dataset));
    }
    response->set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* DatasetService::DeleteDataset(grpc::CallbackServerContext* context,
                                                        const v1::DeleteDatasetRequest* request,
                                                        v1::DeleteDatasetResponse*) {
  return RunOn(*environment_.executor, context, [this, context, request]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_RETURN_IF_ERROR(CheckId("dataset_id", request->dataset_id()));
    const std::string& id = request->dataset_id();
    absl::MutexLock lock(&publish_mutex_);
    const auto deleted = environment_.store->DeleteDataset(project, id);
    if (absl::IsNotFound(deleted.status())) return NotFound("dataset", id);
    if (absl::IsFailedPrecondition(deleted.status())) {
      return WithReason(deleted.status(), "DATASET_IN_USE");
    }
    GRAFT_RETURN_IF_ERROR(deleted.status());
    const absl::Status removed =
        environment_.blobs->DeletePrefix(Below(DatasetPrefix(project, deleted->digest)));
    if (!removed.ok()) {
      environment_.logger->Warning("files of a deleted dataset stay until the next start",
                                   {{"dataset", id}, {"error", removed.ToString()}});
    }
    environment_.logger->Info(
        "dataset deleted",
        {{"dataset", id}, {"project", project}, {"request", RequestId(*context)}});
    return absl::OkStatus();
  });
}

}  // namespace graft
