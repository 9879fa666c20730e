#ifndef GRAFT_CORE_SERVING_TRUNK_TABLE_H_
#define GRAFT_CORE_SERVING_TRUNK_TABLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "core/serving/trunk.h"
#include "core/serving/trunk_plan.h"

namespace graft::serving {

// The trunks that are in memory, by what models must have in common to share one: a key of the
// caller's. There is more than one of a key only where models do not agree about ranges. Keeps none
// alive. Safe for concurrent use.
class TrunkTable {
 public:
  // A place in the first trunk of this key that agrees with the model, else in a new one. Errors of
  // `make`.
  absl::StatusOr<std::unique_ptr<const Trunk::Place>> Join(const std::string& key,
                                                           const Trunk::Joining& joining,
                                                           Trunk::MakePiece make)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // For a model that is about to join (Trunk::Expect), where Join would now have it. Not null.
  std::unique_ptr<const Trunk::Place> Expect(const std::string& key, const Trunk::Joining& joining)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What Join would come to now.
  struct Outlook {
    std::string trunk_id;
    std::vector<TrunkPiece> replacing;  // Trunk::Replacing
  };
  Outlook Foresee(const std::string& key, const Trunk::Joining& joining) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Numbered = std::vector<std::weak_ptr<Trunk>>;  // those that are gone leave their place

  // The first trunk of the key that is not among `asked`, or a new one.
  std::shared_ptr<Trunk> Next(const std::string& key,
                              const std::vector<std::shared_ptr<Trunk>>& asked)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // By number; null where that one is gone.
  std::vector<std::shared_ptr<Trunk>> Known(const std::string& key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Numbered> trunks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_TRUNK_TABLE_H_
