#include "server/rpc/grpc_listener.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace graft::server {
namespace {

// Linking libgrpc++_reflection registers its plugin with every builder; this takes it out again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->erase(std::remove_if(plugins->begin(), plugins->end(),
                                  [](const auto& plugin) {
                                    return plugin->name() == "proto_server_reflection";
                                  }),
                   plugins->end());
  }
};

}  // namespace

std::string HostPort(const std::string& address, int port) {
  if (absl::StrContains(address, ':')) return absl::StrCat("[", address, "]:", port);
  return absl::StrCat(address, ":", port);
}

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Start(Options options) {
  grpc::EnableDefaultHealthCheckService(true);
  std::unique_ptr<GrpcListener> listener(new GrpcListener);
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &listener->port_);
  for (const auto& [name, service] : options.services) {
    builder.RegisterService(service);
    listener->service_names_.push_back(name);
  }

  const int message_bytes = static_cast<int>(
      std::min<uint64_t>(options.max_message_bytes, std::numeric_limits<int>::max()));
  builder.SetMaxReceiveMessageSize(message_bytes);
  builder.SetMaxSendMessageSize(std::max(message_bytes, 64 << 20));  // answers are ours
  grpc::ResourceQuota quota("graft");
  quota.Resize(options.memory_bytes);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  // Two servers on one port would share its calls out between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  if (options.max_connection_idle != absl::InfiniteDuration()) {
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_IDLE_MS,
        static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_idle)));
  }
  // A half-open connection is found out by pings, and clients may ping every ten seconds. Routers
  // on the way forget connections on which nothing is said, some after a minute.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  if (options.interceptors != nullptr) {
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
    creators.push_back(std::move(options.interceptors));
    builder.experimental().SetInterceptorCreators(std::move(creators));
  }
  listener->server_ = builder.BuildAndStart();
  const bool is_socket = absl::StartsWith(options.address, "unix:");
  if (listener->server_ == nullptr || (!is_socket && listener->port_ == 0)) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen for gRPC on ", is_socket ? "the workers' socket" : options.address,
        ": it may be taken by another server; choose another with ",
        is_socket ? "--worker-socket" : "--port or --listen-address"));
  }
  if (is_socket) listener->port_ = 0;
  return listener;
}

GrpcListener::~GrpcListener() {
  if (server_ != nullptr) Shutdown(absl::ZeroDuration());
}

void GrpcListener::SetHealth(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  if (health == nullptr) return;
  health->SetServingStatus("", serving);
  for (const std::string& name : service_names_) health->SetServingStatus(name, serving);
}

void GrpcListener::Shutdown(absl::Duration timeout) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + timeout));
  server_->Wait();
}

}  // namespace graft::server
