#ifndef GRAFT_SERVER_API_BACKBONE_SERVICE_H_
#define GRAFT_SERVER_API_BACKBONE_SERVICE_H_

#include "absl/status/statusor.h"
#include "graft/v1/backbone.pb.h"

#include "server/api/backbone_directory.h"
#include "server/api/caller.h"

namespace graft::server {

// BackboneService over the directory; answers from memory. Safe for concurrent use.
class BackboneService {
 public:
  explicit BackboneService(const BackboneDirectory* directory) : directory_(directory) {}

  absl::StatusOr<v1::ListBackbonesResponse> ListBackbones(const Caller&,
                                                          const v1::ListBackbonesRequest&) {
    v1::ListBackbonesResponse response;
    for (const InstalledBackbone& backbone : directory_->all()) {
      *response.add_backbones() = backbone.description;
    }
    return response;
  }

 private:
  const BackboneDirectory* const directory_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_BACKBONE_SERVICE_H_
