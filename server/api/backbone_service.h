#ifndef GRAFT_SERVER_API_BACKBONE_SERVICE_H_
#define GRAFT_SERVER_API_BACKBONE_SERVICE_H_

#include "graft/v1/backbone.grpc.pb.h"

#include "server/api/backbone_directory.h"

namespace graft {

// BackboneService over the directory; answers from memory.
class BackboneService final : public v1::BackboneService::CallbackService {
 public:
  explicit BackboneService(const BackboneDirectory* directory) : directory_(directory) {}

  grpc::ServerUnaryReactor* ListBackbones(grpc::CallbackServerContext* context,
                                          const v1::ListBackbonesRequest*,
                                          v1::ListBackbonesResponse* response) override {
    for (const InstalledBackbone& backbone : directory_->all()) {
      *response->add_backbones() = backbone.description;
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const BackboneDirectory* const directory_;
};

}  // namespace graft

#endif  // GRAFT_SERVER_API_BACKBONE_SERVICE_H_
