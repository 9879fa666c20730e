#ifndef GRAFT_SERVER_APP_INSTALLED_BACKBONES_H_
#define GRAFT_SERVER_APP_INSTALLED_BACKBONES_H_

#include <vector>

#include "absl/status/statusor.h"

#include "server/api/backbone_directory.h"

namespace graft::backbones {
class WeightsCatalog;
}  // namespace graft::backbones

namespace graft::server {

// What the API says of each backbone of the catalog, with its costs counted from its structure.
absl::StatusOr<std::vector<InstalledBackbone>> DescribeBackbones(
    const backbones::WeightsCatalog& catalog);

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_INSTALLED_BACKBONES_H_
