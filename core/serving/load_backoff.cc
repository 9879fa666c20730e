#include "core/serving/load_backoff.h"

#include <algorithm>

namespace graft::serving {

absl::Duration LoadBackoff(int failures, absl::Duration first, absl::Duration most) {
  absl::Duration delay = first;
  for (int i = 1; i < failures && delay < most; ++i) delay *= 2;
  return std::min(delay, most);
}

}  // namespace graft::serving
