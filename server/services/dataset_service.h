#ifndef GRAFT_SERVER_SERVICES_DATASET_SERVICE_H_
#define GRAFT_SERVER_SERVICES_DATASET_SERVICE_H_

#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "graft/v1/dataset.grpc.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/ids.h"
#include "core/store/metadata_store.h"
#include "server/dataset_ingest.h"
#include "server/executor.h"
#include "server/logging.h"
#include "server/services/upload_call.h"

namespace graft {

// DatasetService: archives in, rows and blobs out. Everything is borrowed.
class DatasetService final : public v1::DatasetService::CallbackService {
 public:
  struct Environment {
    MetadataStore* store = nullptr;
    BlobStore* blobs = nullptr;
    Executor* executor = nullptr;  // for everything but uploads
    IdGenerator* ids = nullptr;
    Metrics* metrics = nullptr;
    const Logger* logger = nullptr;
    IngestArchive ingest;
    // Whether uploads are taken at all: not while draining, not on a full disk.
    std::function<absl::Status()> admit;
  };
  // `uploads` says where and how much is received; its `check` and `accept` are set here.
  DatasetService(Environment environment, UploadEnvironment uploads, size_t max_uploads);

  // Drops uploads whose client said nothing after `monotonic`.
  void DropIdleUploads(absl::Duration monotonic) { slots_.DropIdle(monotonic); }

  grpc::ServerReadReactor<v1::UploadDatasetRequest>* UploadDataset(
      grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response) override;
  grpc::ServerUnaryReactor* GetDataset(grpc::CallbackServerContext* context,
                                       const v1::GetDatasetRequest* request,
                                       v1::GetDatasetResponse* response) override;
  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context,
                                         const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteDataset(grpc::CallbackServerContext* context,
                                          const v1::DeleteDatasetRequest* request,
                                          v1::DeleteDatasetResponse* response) override;

 private:
  absl::Status Accept(const ReceivedArchive& archive, v1::UploadDatasetResponse* response);
  absl::StatusOr<CreateDatasetResult> Publish(const Dataset& dataset,
                                              const IngestedDataset& ingested,
                                              const ReceivedArchive& archive);

  const Environment environment_;
  UploadEnvironment uploads_;
  UploadSlots slots_;
  // Held from the first blob to the row, and from the row's deletion to the last blob's, so that
  // an upload of content that is just being deleted does not end up with a row and no blobs.
  absl::Mutex publish_mutex_;
};

}  // namespace graft

#endif  // GRAFT_SERVER_SERVICES_DATASET_SERVICE_H_
