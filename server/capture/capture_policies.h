#ifndef GRAFT_SERVER_CAPTURE_CAPTURE_POLICIES_H_
#define GRAFT_SERVER_CAPTURE_CAPTURE_POLICIES_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

#include "core/store/capture.h"

namespace graft::server {

// The policies of all projects in memory, where every request can ask for them. Whoever changes one
// changes the store first. Safe for concurrent use.
class CapturePolicies {
 public:
  explicit CapturePolicies(std::vector<store::CapturePolicy> policies);

  // The policy that holds for a model: its own, else its project's; null: none.
  std::shared_ptr<const store::CapturePolicy> Find(const std::string& project,
                                                   const std::string& model) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The project's first, then by model.
  std::vector<store::CapturePolicy> Of(const std::string& project) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  void Set(store::CapturePolicy policy) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const std::string& project, const std::string& model) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using OfProject = std::map<std::string, std::shared_ptr<const store::CapturePolicy>>;

  std::atomic<bool> any_{false};  // most servers have none: they take no lock
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, OfProject> projects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_CAPTURE_CAPTURE_POLICIES_H_
