#include "server/rpc_interceptor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

#include "server/hide_folders.h"
#include "wire/status.h"

namespace graft {
namespace {

using ::grpc::experimental::InterceptionHookPoints;
using ::grpc::experimental::Interceptor;
using ::grpc::experimental::InterceptorBatchMethods;
using ::grpc::experimental::ServerRpcInfo;

// What all calls share.
struct Shared {
  Metrics* metrics;
  const Logger* logger;
  Clock* clock;
  IdGenerator* ids;
  std::vector<std::string> private_folders;
};

bool IsRequestId(grpc::string_ref text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isgraph(c); });
}

// Probes and pings are too many and too dull for the log.
LogLevel LevelOf(absl::string_view method, const grpc::Status& status) {
  if (absl::StartsWith(method, "grpc.health.") || absl::StartsWith(method, "graft.worker.")) {
    return LogLevel::kDebug;
  }
  return status.error_code() == grpc::StatusCode::INTERNAL ||
                 status.error_code() == grpc::StatusCode::DATA_LOSS
             ? LogLevel::kError
             : LogLevel::kInfo;
}

// One call. gRPC runs the hooks of a call one after another.
class CallInterceptor final : public Interceptor {
 public:
  CallInterceptor(Shared& shared, ServerRpcInfo* info)
      : shared_(shared),
        method_(absl::StripPrefix(info->method(), "/")),
        start_(shared.clock->Monotonic()) {
    shared_.metrics->rpc_in_flight.Add(1);
  }

  ~CallInterceptor() override { shared_.metrics->rpc_in_flight.Add(-1); }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      NameRequest(*methods->GetRecvInitialMetadata());
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace(kRequestIdHeader, request_id_);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      methods->ModifySendStatus(Close(methods->GetSendStatus()));
    }
    methods->Proceed();
  }

 private:
  // Handlers see a made-up id in the client's metadata, as if the client had sent it.
  void NameRequest(std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
    const auto sent = metadata.find(kRequestIdHeader);
    if (sent != metadata.end() && IsRequestId(sent->second)) {
      request_id_.assign(sent->second.data(), sent->second.size());
      return;
    }
    request_id_ = shared_.ids->NewId("req");
    metadata.erase(kRequestIdHeader);
    metadata.emplace(kRequestIdHeader, request_id_);
  }

  grpc::Status Close(grpc::Status status) {
    const absl::Duration took = shared_.clock->Monotonic() - start_;
    const std::string code = CodeName(static_cast<absl::StatusCode>(status.error_code()));
    shared_.metrics->rpc_seconds.Observe({method_, code}, took);
    shared_.logger->Log(LevelOf(method_, status), "rpc",
                        {{"method", method_},
                         {"code", code},
                         {"seconds", absl::StrFormat("%.6f", absl::ToDoubleSeconds(took))},
                         {"request", request_id_},
                         {"error", status.error_message()}});
    if (status.ok()) return status;
    const std::string clean = HideFolders(status.error_message(), shared_.private_folders);
    if (clean == status.error_message()) return status;
    const absl::Status original = FromGrpcStatus(status);
    absl::Status scrubbed(original.code(), clean);
    original.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
      scrubbed.SetPayload(url, payload);
    });
    return ToGrpcStatus(scrubbed);
  }

  Shared& shared_;
  const std::string method_;
  const absl::Duration start_;
  std::string request_id_;
};

class CallInterceptorFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallInterceptorFactory(Shared shared) : shared_(std::move(shared)) {}

  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new CallInterceptor(shared_, info);
  }

 private:
  Shared shared_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcInterceptors(
    Metrics* metrics, const Logger* logger, Clock* clock, IdGenerator* ids,
    std::vector<std::string> private_folders) {
  return std::make_unique<CallInterceptorFactory>(
      Shared{metrics, logger, clock, ids, std::move(private_folders)});
}

std::string RequestId(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kRequestIdHeader);
  return found == metadata.end() ? std::string()
                                 : std::string(found->second.data(), found->second.size());
}

}  // namespace graft
