#include "server/rpc/upload_call.h"

#include <memory>
#include <utility>

#include "server/rpc/unary_call.h"
#include "wire/status.h"

namespace graft::server {
namespace {

class UploadCall final : public grpc::ServerReadReactor<v1::UploadDatasetRequest>,
                         public UploadSink {
 public:
  UploadCall(std::shared_ptr<UploadSession> session, const grpc::CallbackServerContext* context,
             v1::UploadDatasetResponse* response)
      : session_(std::move(session)), context_(context), response_(response) {}

  void Read(v1::UploadDatasetRequest* message) override { StartRead(message); }

  void Finish(const absl::Status& status, v1::UploadDatasetResponse response) override {
    // The call's own response dies with a cancelled call.
    if (status.ok()) response_->Swap(&response);
    ServerReadReactor::Finish(wire::ToGrpcStatus(status));
  }

 private:
  void OnReadDone(bool ok) override {
    // A read also fails when the connection breaks; what came until then is no archive.
    if (!ok && context_->IsCancelled()) return session_->Cancel();
    session_->Received(ok);
  }
  void OnCancel() override { session_->Cancel(); }
  void OnDone() override {
    session_->Done();
    delete this;
  }

  const std::shared_ptr<UploadSession> session_;
  const grpc::CallbackServerContext* const context_;
  v1::UploadDatasetResponse* const response_;
};

}  // namespace

grpc::ServerReadReactor<v1::UploadDatasetRequest>* StartUpload(
    DatasetService& service, const grpc::CallbackServerContext* context,
    v1::UploadDatasetResponse* response) {
  return ServeUpload(service.UploadDataset(ContextOf(*context)), context, response);
}

grpc::ServerReadReactor<v1::UploadDatasetRequest>* ServeUpload(
    const std::shared_ptr<UploadSession>& session, const grpc::CallbackServerContext* context,
    v1::UploadDatasetResponse* response) {
  auto* call = new UploadCall(session, context, response);
  session->Begin(call);
  return call;
}

}  // namespace graft::server
