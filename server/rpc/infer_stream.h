#ifndef GRAFT_SERVER_RPC_INFER_STREAM_H_
#define GRAFT_SERVER_RPC_INFER_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "inference/inference.pb.h"

#include "server/api/gate.h"
#include "server/api/inference_service.h"

namespace graft::server {

// A ModelStreamInfer over gRPC: each request is let in by itself and answered when it is ready,
// with so many at a time under way that a client that does not read its answers is not read from
// either. A caller who goes away takes what is under way back. gRPC owns the reactor; `service`
// must outlive it.
grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
StartInferStream(const Gate& gate, InferenceService& service,
                 const grpc::CallbackServerContext& context);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_INFER_STREAM_H_
