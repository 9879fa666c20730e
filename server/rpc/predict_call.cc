#include "server/rpc/predict_call.h"

#include <utility>

#include "server/rpc/unary_call.h"

namespace graft::server {

grpc::ServerUnaryReactor* StartPredict(const Gate& gate, PredictionService& service,
                                       grpc::CallbackServerContext* context,
                                       const v1::PredictRequest* request,
                                       v1::PredictResponse* response) {
  CallContext call = ContextOf(*context);
  auto* pending = new PendingCall(call.cancel);
  const absl::StatusOr<Caller> caller = gate.Admit(std::move(call), *request);
  if (!caller.ok()) {
    service.OnRefused(*request, caller.status());
    pending->Answer(caller.status());
    return pending;
  }
  // The images are moved out of the message: gRPC hands it over as const, but keeps it for this
  // call alone, and nobody reads it again.
  service.Predict(*caller, std::move(const_cast<v1::PredictRequest&>(*request)),
                  [pending, response](absl::StatusOr<v1::PredictResponse> answer) {
                    const absl::Status status = answer.status();
                    if (answer.ok()) *response = *std::move(answer);
                    pending->Answer(status);
                  });
  return pending;
}

}  // namespace graft::server
