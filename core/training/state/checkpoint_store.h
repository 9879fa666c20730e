#ifndef GRAFT_CORE_TRAINING_STATE_CHECKPOINT_STORE_H_
#define GRAFT_CORE_TRAINING_STATE_CHECKPOINT_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::training {

// Where a job's checkpoints are kept between attempts. A checkpoint is an opaque string that knows
// whether it is whole: a store may hand back torn bytes, and the trainer then asks for the one
// before. Called from the training thread only.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  // Keeps `bytes` as the state after `epoch` (1-based within the job; larger is newer), durably.
  // May drop older ones, but keeps the newest two. RESOURCE_EXHAUSTED: there is no room for it;
  // the run goes on without. Any other error ends the run.
  virtual absl::Status Save(int epoch, absl::string_view bytes) = 0;

  // What there is, newest first, of whichever attempt.
  virtual absl::StatusOr<std::vector<std::string>> List() = 0;

  // The bytes of one that List named. NOT_FOUND when it is gone.
  virtual absl::StatusOr<std::string> Load(const std::string& id) = 0;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_STATE_CHECKPOINT_STORE_H_
