#ifndef GRAFT_SERVER_RPC_WATCH_CALL_H_
#define GRAFT_SERVER_RPC_WATCH_CALL_H_

#include <memory>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "graft/v1/finetune.pb.h"

#include "server/api/fine_tune_service.h"
#include "server/api/gate.h"

namespace graft::server {

// A Watch over gRPC. gRPC owns the reactor; `service` must outlive it.
grpc::ServerWriteReactor<v1::WatchResponse>* StartWatch(const Gate& gate, FineTuneService& service,
                                                        const grpc::CallbackServerContext* context,
                                                        const v1::WatchRequest& request);

// The same for a stream that is there. Its reactor is gRPC's.
grpc::ServerWriteReactor<v1::WatchResponse>* ServeWatch(const std::shared_ptr<WatchStream>& stream);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_WATCH_CALL_H_
