#include "server/request_log/request_log.h"

#include <limits>
#include <utility>

#include "core/base/sampling.h"

namespace graft::server {

RequestLog::RequestLog(const Options& options, std::unique_ptr<LogFiles> files,
                       telemetry::Metrics* metrics, const wire::Logger* logger)
    : share_(options.share),
      files_(std::move(files)),
      metrics_(metrics),
      logger_(logger),
      // A line's size is bounded; to count their bytes is not needed.
      queue_(
          {options.max_waiting, std::numeric_limits<uint64_t>::max()},
          [this](const RequestLine& line) { Append(line); }, options.thread) {}

bool RequestLog::Wants(absl::string_view request_id) const { return InShare(request_id, share_); }

void RequestLog::Write(RequestLine line) {
  if (queue_.TryPush(std::move(line), 0)) return;
  metrics_->request_log_dropped_total.Increment({"queue"});
}

void RequestLog::Append(const RequestLine& line) {
  const absl::Status written = files_->Append(ToJsonLine(line));
  if (written.ok()) {
    metrics_->request_log_lines_total.Increment();
    if (!std::exchange(trouble_, "").empty()) logger_->Info("the request log goes on");
    return;
  }
  metrics_->request_log_dropped_total.Increment(
      {absl::IsResourceExhausted(written) ? "disk" : "error"});
  if (!trouble_.empty()) return;  // it was said
  trouble_ = written.ToString();
  logger_->Error("the request log has stopped until it can be written again",
                 {{"error", trouble_}});
}

}  // namespace graft::server
