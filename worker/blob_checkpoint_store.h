#ifndef GRAFT_WORKER_BLOB_CHECKPOINT_STORE_H_
#define GRAFT_WORKER_BLOB_CHECKPOINT_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/artifacts/blob/blob_store.h"
#include "core/base/disk_reserve.h"
#include "core/training/state/checkpoint_store.h"

namespace graft::worker {

// A job's checkpoints as blobs "<prefix>/<fence>-<epoch>.safetensors": attempts share the
// prefix, and none writes over another's. Newest is the largest epoch, then the largest fence: an
// attempt that goes on from epoch 3 begins with 4.
// Not safe for concurrent use.
class BlobCheckpointStore final : public training::CheckpointStore {
 public:
  // `prefix`: "checkpoints/<job id>". Borrowed: `blobs` must outlive the store, and `reserve`,
  // which is asked before each is written; null: there is none.
  BlobCheckpointStore(artifacts::BlobStore* blobs, std::string prefix, uint64_t fence,
                      DiskReserve* reserve = nullptr)
      : blobs_(blobs), prefix_(std::move(prefix)), fence_(fence), reserve_(reserve) {}

  // Drops all but the newest two once the new one is durable. Where the disk has no room for a
  // third, all but the newest go first; RESOURCE_EXHAUSTED where that is not enough.
  absl::Status Save(int epoch, absl::string_view bytes) override;
  absl::StatusOr<std::vector<std::string>> List() override;
  absl::StatusOr<std::string> Load(const std::string& id) override;

  // Forgets them all, of every attempt: the job is over.
  absl::Status Clear();

 private:
  absl::Status Put(const std::string& key, absl::string_view bytes);
  // All but the newest `count`.
  absl::Status KeepNewest(size_t count);

  artifacts::BlobStore* const blobs_;
  const std::string prefix_;
  const uint64_t fence_;
  DiskReserve* const reserve_;
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_BLOB_CHECKPOINT_STORE_H_
