#ifndef GRAFT_SERVER_RPC_UPLOAD_CALL_H_
#define GRAFT_SERVER_RPC_UPLOAD_CALL_H_

#include <memory>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "graft/v1/dataset.pb.h"

#include "server/api/dataset_service.h"

namespace graft::server {

// An UploadDataset over gRPC. gRPC owns the reactor; `service` must outlive it.
grpc::ServerReadReactor<v1::UploadDatasetRequest>* StartUpload(
    DatasetService& service, const grpc::CallbackServerContext* context,
    v1::UploadDatasetResponse* response);

// The same for a session that is there. Its reactor is gRPC's.
grpc::ServerReadReactor<v1::UploadDatasetRequest>* ServeUpload(
    const std::shared_ptr<UploadSession>& session, const grpc::CallbackServerContext* context,
    v1::UploadDatasetResponse* response);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_UPLOAD_CALL_H_
