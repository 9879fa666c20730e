#include "server/app/prediction_records.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "server/api/disk_guard.h"

namespace graft::server {
namespace {

constexpr absl::Duration kExpiryInterval = absl::Minutes(1);
constexpr uint64_t kMostWaitingBytes = 64 << 20;  // of pictures; two of the largest at least

}  // namespace

absl::StatusOr<std::unique_ptr<PredictionRecords>> PredictionRecords::Open(
    const ServerConfig& config, const Environment& environment) {
  std::unique_ptr<PredictionRecords> records(new PredictionRecords(environment));
  if (config.request_log_share > 0) GRAFT_RETURN_IF_ERROR(records->OpenRequestLog(config));
  GRAFT_RETURN_IF_ERROR(records->OpenCapture(config));
  records->DeleteExpired();
  records->expiring_ = std::make_unique<PeriodicTask>(
      kExpiryInterval, [records = records.get()] { records->DeleteExpired(); }, environment.clock);
  return records;
}

absl::Status PredictionRecords::OpenRequestLog(const ServerConfig& config) {
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<LogFiles> files,
                         LogFiles::Open({.folder = config.data_dir / "request-log",
                                         .max_bytes = config.request_log_bytes,
                                         .min_free_bytes = config.min_free_disk_bytes}));
  request_log_ =
      std::make_unique<RequestLog>(RequestLog::Options{.share = config.request_log_share},
                                   std::move(files), environment_.metrics, environment_.logger);
  return absl::OkStatus();
}

absl::Status PredictionRecords::OpenCapture(const ServerConfig& config) {
  CapturedPictures::Options options;
  options.max_bytes = config.capture_bytes;
  options.max_picture_bytes = config.max_image_bytes;
  options.check_disk = [folder = config.data_dir, least = config.min_free_disk_bytes] {
    return CheckDisk(folder, least);
  };
  GRAFT_ASSIGN_OR_RETURN(
      pictures_, CapturedPictures::Open(std::move(options), environment_.store, environment_.blobs,
                                        environment_.metrics, environment_.logger));
  GRAFT_ASSIGN_OR_RETURN(std::vector<store::CapturePolicy> policies,
                         environment_.store->ListAllCapturePolicies());
  policies_ = std::make_unique<CapturePolicies>(std::move(policies));
  if (!config.capture) return absl::OkStatus();
  CaptureRecorder::Options recording;
  recording.max_waiting_bytes = std::max(kMostWaitingBytes, 2 * config.max_image_bytes);
  recorder_ = std::make_unique<CaptureRecorder>(recording, policies_.get(), pictures_.get(),
                                                environment_.metrics, environment_.logger);
  return absl::OkStatus();
}

void PredictionRecords::DeleteExpired() {
  const absl::StatusOr<int64_t> deleted = pictures_->DeleteExpired(environment_.clock->Now());
  if (!deleted.ok()) {
    environment_.logger->Error("kept pictures whose time is over cannot be deleted",
                               {{"error", deleted.status().ToString()}});
  } else if (*deleted > 0) {
    environment_.logger->Info("kept pictures whose time is over deleted",
                              {{"pictures", absl::StrCat(*deleted)}});
  }
}

}  // namespace graft::server
