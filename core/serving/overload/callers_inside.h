#ifndef GRAFT_CORE_SERVING_OVERLOAD_CALLERS_INSIDE_H_
#define GRAFT_CORE_SERVING_OVERLOAD_CALLERS_INSIDE_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace graft::serving {

// How many inputs each caller has inside, and how many that may be. Only of callers that have any
// is something kept. Not safe for concurrent use.
class CallersInside {
 public:
  // 0: as many as they like, and nothing is counted.
  explicit CallersInside(int most) : most_(most) {}

  // Whether so many inputs more are not too many. A caller with nothing inside may have any number:
  // a request that other limits allow is answered some time.
  bool Admits(absl::string_view caller, int inputs) const;
  int Of(absl::string_view caller) const;

  void Enter(absl::string_view caller, int inputs);
  void Leave(absl::string_view caller, int inputs);

  int most() const { return most_; }
  size_t callers() const { return inside_.size(); }

 private:
  const int most_;
  absl::flat_hash_map<std::string, int> inside_;  // none is 0
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_OVERLOAD_CALLERS_INSIDE_H_
