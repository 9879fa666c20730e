#ifndef GRAFT_SERVER_REQUEST_LOG_REQUEST_LOG_H_
#define GRAFT_SERVER_REQUEST_LOG_REQUEST_LOG_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/base/work_queue.h"
#include "server/request_log/log_files.h"
#include "server/request_log/request_line.h"

namespace graft::server {

// Writes a line a request for a share of the requests, on a thread of its own. Lines that it has no
// room for, or the disk, are dropped and counted; nobody ever waits for it. `metrics` and `logger`
// are borrowed. Safe for concurrent use.
class RequestLog {
 public:
  struct Options {
    double share = 0;            // 0 to 1
    size_t max_waiting = 1'024;  // lines
    WorkQueue<RequestLine>::Thread thread = WorkQueue<RequestLine>::Thread::kOwn;
  };
  RequestLog(const Options& options, std::unique_ptr<LogFiles> files, telemetry::Metrics* metrics,
             const wire::Logger* logger);

  // Whether a request of this id is to be written: for an id always the same, so that a request
  // that is sent again under its id is in the log with each try, or with none.
  bool Wants(absl::string_view request_id) const;

  void Write(RequestLine line);

  // Writes the next line on this thread; false: none waits. For tests, with Thread::kByHand.
  bool WriteOne() { return queue_.HandleOne(); }

 private:
  void Append(const RequestLine& line);

  const double share_;
  const std::unique_ptr<LogFiles> files_;  // used by the queue's thread alone
  telemetry::Metrics* const metrics_;
  const wire::Logger* const logger_;
  std::string trouble_;           // why the last line was not written; of the queue's thread
  WorkQueue<RequestLine> queue_;  // last: its thread uses the others
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_REQUEST_LOG_REQUEST_LOG_H_
