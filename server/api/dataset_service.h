#ifndef GRAFT_SERVER_API_DATASET_SERVICE_H_
#define GRAFT_SERVER_API_DATASET_SERVICE_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "graft/v1/dataset.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/ids.h"
#include "core/store/metadata_store.h"
#include "server/api/caller.h"
#include "server/api/dataset_ingest.h"
#include "server/api/gate.h"
#include "server/api/upload_session.h"
#include "server/base/logging.h"

namespace graft::server {

// DatasetService: archives in, rows and blobs out. Its handlers block, but for uploads. Everything
// is borrowed. Safe for concurrent use.
class DatasetService {
 public:
  struct Environment {
    store::MetadataStore* store = nullptr;
    artifacts::BlobStore* blobs = nullptr;
    IdGenerator* ids = nullptr;
    telemetry::Metrics* metrics = nullptr;
    const wire::Logger* logger = nullptr;
    IngestArchive ingest;
    const Gate* gate = nullptr;  // of uploads, whose project is in their first message
  };
  // `uploads` says where and how much is received; its functions but free_disk_bytes are set here.
  DatasetService(Environment environment, UploadEnvironment uploads, size_t max_uploads);

  // Drops uploads whose client said nothing after `monotonic`.
  void DropIdleUploads(absl::Duration monotonic) { slots_.DropIdle(monotonic); }

  // The gate is asked when the header has come.
  std::shared_ptr<UploadSession> UploadDataset(CallContext context);

  absl::StatusOr<v1::GetDatasetResponse> GetDataset(const Caller& caller,
                                                    const v1::GetDatasetRequest& request);
  absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(const Caller& caller,
                                                        const v1::ListDatasetsRequest& request);
  absl::StatusOr<v1::DeleteDatasetResponse> DeleteDataset(const Caller& caller,
                                                          const v1::DeleteDatasetRequest& request);

 private:
  absl::Status Accept(const ReceivedArchive& archive, v1::UploadDatasetResponse* response);
  absl::StatusOr<store::CreateDatasetResult> Publish(const store::Dataset& dataset,
                                                     const IngestedDataset& ingested,
                                                     const ReceivedArchive& archive);

  const Environment environment_;
  UploadEnvironment uploads_;
  UploadSlots slots_;
  // Held from the first blob to the row, and from the row's deletion to the last blob's, so that
  // an upload of content that is just being deleted does not end up with a row and no blobs.
  absl::Mutex publish_mutex_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_DATASET_SERVICE_H_
