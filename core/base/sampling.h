#ifndef GRAFT_CORE_BASE_SAMPLING_H_
#define GRAFT_CORE_BASE_SAMPLING_H_

#include "absl/strings/string_view.h"

namespace graft {

// Whether `key` is among a share, 0 to 1, of all keys: the same on every machine and at every time,
// and what is in a share is in every larger one. Nobody can tell from a key's look. Pure.
bool InShare(absl::string_view key, double share);

}  // namespace graft

#endif  // GRAFT_CORE_BASE_SAMPLING_H_
