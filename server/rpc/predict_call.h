#ifndef GRAFT_SERVER_RPC_PREDICT_CALL_H_
#define GRAFT_SERVER_RPC_PREDICT_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "graft/v1/prediction.pb.h"

#include "server/api/gate.h"
#include "server/api/prediction_service.h"

namespace graft::server {

// A Predict over gRPC, answered without a thread of its own. A caller who goes away takes the
// request back. gRPC owns the reactor; `service` must outlive it.
grpc::ServerUnaryReactor* StartPredict(const Gate& gate, PredictionService& service,
                                       grpc::CallbackServerContext* context,
                                       const v1::PredictRequest* request,
                                       v1::PredictResponse* response);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_PREDICT_CALL_H_
