#ifndef GRAFT_WORKER_SERVER_LINK_H_
#define GRAFT_WORKER_SERVER_LINK_H_

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/worker/v1/worker.grpc.pb.h"

#include "core/base/clock.h"

namespace graft::worker {

// The worker's side of WorkerService: blocking calls with deadlines, and patience while the server
// is away. Safe for concurrent use.
class ServerLink {
 public:
  struct Options {
    std::string worker_id;
    // A server that has not answered for so long is not coming back.
    absl::Duration give_up_after = absl::Minutes(1);
    absl::Duration call_timeout = absl::Seconds(10);
    // The server reads and hashes all that is published before it answers.
    absl::Duration finish_timeout = absl::Minutes(5);
    absl::Duration longest_pause = absl::Seconds(2);  // between tries
  };

  ServerLink(Options options, const std::shared_ptr<grpc::Channel>& channel, Clock* clock);

  // A channel to "unix:/path" or "host:port" that reconnects soon.
  static std::shared_ptr<grpc::Channel> Connect(const std::string& address);

  // One try each. The error is the server's, or UNAVAILABLE / DEADLINE_EXCEEDED of the transport.
  // `stop`, where given, ends a long poll early with CANCELLED.
  absl::StatusOr<v1::LeaseResponse> Lease(const v1::Capabilities& capabilities, absl::Duration wait,
                                          const std::function<bool()>& stop);
  // A heartbeat has the time that its lease leaves it.
  absl::StatusOr<v1::HeartbeatResponse> Heartbeat(const v1::LeasedJob& job);

  // Tried again, with growing pauses, while the server is away or busy (RESOURCE_EXHAUSTED with a
  // delay to retry after), until it answers, `stop` says so (CANCELLED) or it is lost().
  absl::StatusOr<v1::ReportResponse> Report(v1::ReportRequest request,
                                            const std::function<bool()>& stop);
  absl::StatusOr<v1::FinishResponse> Finish(v1::FinishRequest request,
                                            const std::function<bool()>& stop);

  // No answer for give_up_after.
  bool lost() const;

  const std::string& worker_id() const { return options_.worker_id; }

 private:
  template <typename Request, typename Response, typename Method>
  absl::StatusOr<Response> CallOnce(Method method, const Request& request, absl::Duration timeout,
                                    const std::function<bool()>& stop);
  template <typename Request, typename Response, typename Method>
  absl::StatusOr<Response> CallWithRetries(Method method, const Request& request,
                                           absl::Duration timeout,
                                           const std::function<bool()>& stop);

  const Options options_;
  Clock* const clock_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  mutable absl::Mutex mutex_;
  absl::Duration last_answer_ ABSL_GUARDED_BY(mutex_);  // monotonic
};

// Whether the transport failed, not the server's answer.
bool IsServerUnreachable(const absl::Status& status);

}  // namespace graft::worker

#endif  // GRAFT_WORKER_SERVER_LINK_H_
