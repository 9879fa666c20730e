#include "core/base/version.h"

namespace graft {

const char* Version() { return GRAFT_VERSION; }

const char* BuildDescription() {
  return GRAFT_VERSION " (" GRAFT_BUILD_TYPE ", " GRAFT_COMPILER ")";
}

}  // namespace graft
