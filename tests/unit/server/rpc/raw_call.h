#ifndef GRAFT_TESTS_UNIT_SERVER_RPC_RAW_CALL_H_
#define GRAFT_TESTS_UNIT_SERVER_RPC_RAW_CALL_H_

#include <memory>
#include <string>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

namespace graft::server {

// Calls a method by its name ("/package.Service/Method") with one message of these bytes; the
// server may not know it.
inline grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                            const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  grpc::Status status;
  auto reader = stub.PrepareUnaryCall(&context, method, request, &queue);
  reader->StartCall();
  reader->Finish(&response, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

}  // namespace graft::server

#endif  // GRAFT_TESTS_UNIT_SERVER_RPC_RAW_CALL_H_
