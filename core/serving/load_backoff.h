#ifndef GRAFT_CORE_SERVING_LOAD_BACKOFF_H_
#define GRAFT_CORE_SERVING_LOAD_BACKOFF_H_

#include "absl/time/time.h"

namespace graft::serving {

// How long a version that failed to load `failures` times in a row is left alone: `first` after the
// first failure, twice as long after each further one, at most `most`. A damaged version costs a
// full read and hash at each attempt. Pure.
absl::Duration LoadBackoff(int failures, absl::Duration first, absl::Duration most);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_LOAD_BACKOFF_H_
