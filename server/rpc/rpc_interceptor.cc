#include "server/rpc/rpc_interceptor.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

#include "server/api/hide_folders.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::grpc::experimental::InterceptionHookPoints;
using ::grpc::experimental::Interceptor;
using ::grpc::experimental::InterceptorBatchMethods;
using ::grpc::experimental::ServerRpcInfo;

// A client may ask for a method of any name: the log gets this much of it.
constexpr size_t kMaxLoggedMethod = 200;

// What all calls share.
struct Shared {
  const RpcObservation observation;
  const absl::flat_hash_set<std::string> methods;  // that may name a series
};

// Probes and pings are too many and too dull for the log.
wire::LogLevel LevelOf(absl::string_view method, const grpc::Status& status) {
  if (absl::StartsWith(method, "grpc.health.") || absl::StartsWith(method, "graft.worker.")) {
    return wire::LogLevel::kDebug;
  }
  return status.error_code() == grpc::StatusCode::INTERNAL ||
                 status.error_code() == grpc::StatusCode::DATA_LOSS
             ? wire::LogLevel::kError
             : wire::LogLevel::kInfo;
}

// One call. gRPC runs the hooks of a call one after another.
class CallInterceptor final : public Interceptor {
 public:
  CallInterceptor(const Shared& shared, ServerRpcInfo* info)
      : shared_(shared),
        to_(shared.observation),
        method_(absl::StripPrefix(info->method(), "/")),
        start_(to_.clock->Monotonic()) {
    if (to_.metrics != nullptr) to_.metrics->rpc_in_flight.Add(1);
  }

  ~CallInterceptor() override {
    if (to_.metrics != nullptr) to_.metrics->rpc_in_flight.Add(-1);
  }

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
    if (sent != metadata.end() && IsRequestId({sent->second.data(), sent->second.size()})) {
      request_id_.assign(sent->second.data(), sent->second.size());
      return;
    }
    request_id_ = to_.ids->NewId("req");
    metadata.erase(kRequestIdHeader);
    metadata.emplace(kRequestIdHeader, request_id_);
  }

  // Cleaned first: what a caller may not read has no place in the log either.
  grpc::Status Close(const grpc::Status& answer) {
    const grpc::Status status = Clean(answer);
    const absl::Duration took = to_.clock->Monotonic() - start_;
    const std::string code =
        absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
    if (to_.metrics != nullptr) {
      const bool known = shared_.methods.contains(method_);
      to_.metrics->rpc_seconds.Observe(
          {known ? method_ : std::string(telemetry::kOtherLabel), code}, took);
    }
    to_.logger->Log(LevelOf(method_, status), "rpc",
                    {{"method", absl::string_view(method_).substr(0, kMaxLoggedMethod)},
                     {"code", code},
                     {"seconds", absl::StrFormat("%.6f", absl::ToDoubleSeconds(took))},
                     {"request", request_id_},
                     {"error", status.error_message()}});
    return status;
  }

  grpc::Status Clean(const grpc::Status& status) const {
    if (status.ok()) return status;
    return wire::ToGrpcStatus(HideFolders(wire::FromGrpcStatus(status), to_.private_folders));
  }

  const Shared& shared_;
  const RpcObservation& to_;
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
  const Shared shared_;
};

// "graft.v1.FineTuneService/Watch" and so on: what the services declare, and gRPC's own.
absl::flat_hash_set<std::string> MethodsOf(const std::vector<std::string>& services) {
  absl::flat_hash_set<std::string> methods = {
      "grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch",
      "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
  for (const std::string& name : services) {
    const google::protobuf::ServiceDescriptor* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      methods.insert(absl::StrCat(name, "/", service->method(i)->name()));
    }
  }
  return methods;
}

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcInterceptors(
    const RpcObservation& observation) {
  return std::make_unique<CallInterceptorFactory>(
      Shared{observation, MethodsOf(observation.services)});
}

std::string RequestId(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kRequestIdHeader);
  return found == metadata.end() ? std::string()
                                 : std::string(found->second.data(), found->second.size());
}

}  // namespace graft::server
