#ifndef GRAFT_SERVER_APP_PREDICTION_RECORDS_H_
#define GRAFT_SERVER_APP_PREDICTION_RECORDS_H_

#include <memory>

#include "absl/status/statusor.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/clock.h"
#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/base/periodic_task.h"
#include "server/capture/capture_policies.h"
#include "server/capture/capture_recorder.h"
#include "server/capture/captured_pictures.h"
#include "server/config/config.h"
#include "server/request_log/request_log.h"

namespace graft::server {

// All that a server writes down of predictions, as its configuration says: the request log, and the
// pictures that projects keep, which go when their time is over. Parts are borrowed from it; what
// they wait to write is written before it is gone. Safe for concurrent use.
class PredictionRecords {
 public:
  // Everything is borrowed.
  struct Environment {
    store::MetadataStore* store = nullptr;
    artifacts::BlobStore* blobs = nullptr;
    telemetry::Metrics* metrics = nullptr;
    Clock* clock = nullptr;
    const wire::Logger* logger = nullptr;
  };
  static absl::StatusOr<std::unique_ptr<PredictionRecords>> Open(const ServerConfig& config,
                                                                 const Environment& environment);

  RequestLog* request_log() { return request_log_.get(); }  // null: there is none
  CaptureRecorder* recorder() { return recorder_.get(); }   // null: no pictures are kept
  CapturePolicies* policies() { return policies_.get(); }
  CapturedPictures* pictures() { return pictures_.get(); }

  // Deletes the pictures whose time is over. Done every minute, and at the start.
  void DeleteExpired();

 private:
  explicit PredictionRecords(const Environment& environment) : environment_(environment) {}
  absl::Status OpenRequestLog(const ServerConfig& config);
  absl::Status OpenCapture(const ServerConfig& config);

  const Environment environment_;
  std::unique_ptr<RequestLog> request_log_;
  std::unique_ptr<CapturePolicies> policies_;
  std::unique_ptr<CapturedPictures> pictures_;
  std::unique_ptr<CaptureRecorder> recorder_;
  std::unique_ptr<PeriodicTask> expiring_;  // last: it uses the others
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_PREDICTION_RECORDS_H_
