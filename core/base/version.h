#ifndef GRAFT_CORE_BASE_VERSION_H_
#define GRAFT_CORE_BASE_VERSION_H_

namespace graft {

// Semantic version of this build, e.g. "0.1.0".
const char* Version();

// "graft-server 0.1.0 (Release, GCC 12.2.0)"-style details without the program's name.
const char* BuildDescription();

}  // namespace graft

#endif  // GRAFT_CORE_BASE_VERSION_H_
