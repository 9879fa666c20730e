#include "server/rpc/watch_call.h"

#include <memory>
#include <utility>

#include "core/base/status_macros.h"
#include "server/rpc/unary_call.h"
#include "wire/status.h"

namespace graft::server {
namespace {

class WatchCall final : public grpc::ServerWriteReactor<v1::WatchResponse>, public WatchSink {
 public:
  // Null: a call that is refused.
  explicit WatchCall(std::shared_ptr<WatchStream> stream) : stream_(std::move(stream)) {}

  void Write(const v1::WatchResponse* response) override { StartWrite(response); }
  void Finish(const absl::Status& status) override {
    ServerWriteReactor::Finish(wire::ToGrpcStatus(status));
  }

 private:
  void OnWriteDone(bool ok) override { stream_->Written(ok); }
  void OnCancel() override {
    if (stream_ != nullptr) stream_->Cancel();
  }
  void OnDone() override {
    if (stream_ != nullptr) stream_->Done();
    delete this;
  }

  const std::shared_ptr<WatchStream> stream_;
};

absl::StatusOr<std::shared_ptr<WatchStream>> StreamOf(const Gate& gate, FineTuneService& service,
                                                      const grpc::CallbackServerContext& context,
                                                      const v1::WatchRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(const Caller caller, gate.Admit(ContextOf(context), request));
  return service.Watch(caller, request);
}

}  // namespace

grpc::ServerWriteReactor<v1::WatchResponse>* StartWatch(const Gate& gate, FineTuneService& service,
                                                        const grpc::CallbackServerContext* context,
                                                        const v1::WatchRequest& request) {
  auto stream = StreamOf(gate, service, *context, request);
  if (stream.ok()) return ServeWatch(*stream);
  auto* refused = new WatchCall(nullptr);
  refused->Finish(stream.status());
  return refused;
}

grpc::ServerWriteReactor<v1::WatchResponse>* ServeWatch(
    const std::shared_ptr<WatchStream>& stream) {
  auto* call = new WatchCall(stream);
  stream->Begin(call);
  return call;
}

}  // namespace graft::server
