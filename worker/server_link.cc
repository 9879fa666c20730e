#include "worker/server_link.h"

#include <algorithm>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/time/clock.h"

#include "core/base/failpoint.h"
#include "wire/status.h"
#include "wire/time.h"
#include "wire/worker_limits.h"

namespace graft::worker {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
// How soon a long poll notices that it should stop.
constexpr absl::Duration kStopInterval = absl::Milliseconds(100);

}  // namespace

bool IsServerUnreachable(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

ServerLink::ServerLink(Options options, const std::shared_ptr<grpc::Channel>& channel, Clock* clock)
    : options_(std::move(options)),
      clock_(clock),
      stub_(v1::WorkerService::NewStub(channel)),
      last_answer_(clock->Monotonic()) {}

std::shared_ptr<grpc::Channel> ServerLink::Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(wire::kMaxWorkerMessage);
  arguments.SetMaxSendMessageSize(wire::kMaxWorkerMessage);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

template <typename Request, typename Response, typename Method>
absl::StatusOr<Response> ServerLink::CallOnce(Method method, const Request& request,
                                              absl::Duration timeout,
                                              const std::function<bool()>& stop) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  Response response;
  absl::Mutex mutex;
  bool done = false;
  grpc::Status status;
  method(*stub_->async(), &context, &request, &response, [&](grpc::Status answer) {
    absl::MutexLock lock(&mutex);
    status = std::move(answer);
    done = true;
  });
  {
    absl::MutexLock lock(&mutex);
    while (!mutex.AwaitWithTimeout(absl::Condition(&done), kStopInterval)) {
      if (stop && stop()) context.TryCancel();
    }
  }
  const absl::Status result = wire::FromGrpcStatus(status);
  if (!IsServerUnreachable(result)) {
    absl::MutexLock lock(&mutex_);
    last_answer_ = clock_->Monotonic();
  }
  if (!result.ok()) return result;
  return response;
}

template <typename Request, typename Response, typename Method>
absl::StatusOr<Response> ServerLink::CallWithRetries(Method method, const Request& request,
                                                     absl::Duration timeout,
                                                     const std::function<bool()>& stop) {
  absl::Duration pause = kFirstPause;
  while (true) {
    auto response = CallOnce<Request, Response>(method, request, timeout, stop);
    // Too much at once passes, and says so; a message that is too large stays so.
    const bool busy =
        absl::IsResourceExhausted(response.status()) && RetryDelay(response.status()).has_value();
    const bool again = IsServerUnreachable(response.status()) || busy;
    if (!again || lost()) return response;
    if (stop && stop()) return absl::CancelledError("told to stop");
    clock_->Sleep(pause);
    pause = std::min(pause * 2, options_.longest_pause);
  }
}

absl::StatusOr<v1::LeaseResponse> ServerLink::Lease(const v1::Capabilities& capabilities,
                                                    absl::Duration wait,
                                                    const std::function<bool()>& stop) {
  v1::LeaseRequest request;
  request.set_worker_id(options_.worker_id);
  *request.mutable_capabilities() = capabilities;
  *request.mutable_wait() = wire::ToProto(wait);
  const auto method = [](auto& stub, auto... arguments) { stub.Lease(arguments...); };
  return CallOnce<v1::LeaseRequest, v1::LeaseResponse>(method, request,
                                                       wait + options_.call_timeout, stop);
}

absl::StatusOr<v1::HeartbeatResponse> ServerLink::Heartbeat(const v1::LeasedJob& job) {
  v1::HeartbeatRequest request;
  request.set_worker_id(options_.worker_id);
  request.set_job_id(job.job_id());
  request.set_fence(job.fence());
  const absl::Duration timeout = job.has_heartbeat_timeout()
                                     ? wire::FromProto(job.heartbeat_timeout())
                                     : options_.call_timeout;
  const auto method = [](auto& stub, auto... arguments) { stub.Heartbeat(arguments...); };
  return CallOnce<v1::HeartbeatRequest, v1::HeartbeatResponse>(method, request, timeout, nullptr);
}

absl::StatusOr<v1::ReportResponse> ServerLink::Report(v1::ReportRequest request,
                                                      const std::function<bool()>& stop) {
  request.set_worker_id(options_.worker_id);
  const auto method = [](auto& stub, auto... arguments) { stub.Report(arguments...); };
  return CallWithRetries<v1::ReportRequest, v1::ReportResponse>(method, request,
                                                                options_.call_timeout, stop);
}

absl::StatusOr<v1::FinishResponse> ServerLink::Finish(v1::FinishRequest request,
                                                      const std::function<bool()>& stop) {
  GRAFT_FAILPOINT("worker.finish.before_call");
  request.set_worker_id(options_.worker_id);
  const auto method = [](auto& stub, auto... arguments) { stub.Finish(arguments...); };
  auto response = CallWithRetries<v1::FinishRequest, v1::FinishResponse>(
      method, request, options_.finish_timeout, stop);
  GRAFT_FAILPOINT("worker.finish.after_call");
  return response;
}

bool ServerLink::lost() const {
  absl::MutexLock lock(&mutex_);
  return clock_->Monotonic() - last_answer_ > options_.give_up_after;
}

}  // namespace graft::worker
