#ifndef GRAFT_CORE_FEATURES_BLOCK_BUILDER_H_
#define GRAFT_CORE_FEATURES_BLOCK_BUILDER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/disk_reserve.h"
#include "core/features/feature_block.h"
#include "core/features/feature_file.h"
#include "core/features/feature_sink.h"

namespace graft::features {

// Puts a block together from its shards: those in the folder, and those that are computed and
// written there, one file each as soon as it is whole, so that what is interrupted goes on from the
// last whole shard. Not safe for concurrent use.
class BlockBuilder {
 public:
  // Files are named "<digest>-<shard>.features" in `folder`. Each shard but the last has
  // `rows_per_shard` rows.
  BlockBuilder(std::filesystem::path folder, std::string digest, FeatureShape shape,
               int64_t rows_per_shard);

  // Maps what shards the folder has and this has not. Files that are not what they should be are
  // removed; what cannot be read for another reason counts as not there, and is left alone.
  void Find();

  int64_t missing_rows() const;
  uint64_t missing_bytes() const;  // of the files they will be

  // Computes what is missing, run by run. Where `to_disk` is false, or the disk fails, it is held
  // in memory, up to `max_in_memory` bytes: RESOURCE_EXHAUSTED, reason kFeaturesTooLarge, beyond,
  // and the rows of whatever shard the disk failed at are computed twice. DATA_LOSS if the producer
  // gives other rows. A disk whose `reserve` would be touched has failed too; null: it has none.
  absl::Status Compute(const FeatureProducer& produce, bool to_disk, uint64_t max_in_memory,
                       DiskReserve* reserve = nullptr);

  // Call once, when nothing is missing.
  std::shared_ptr<const FeatureBlock> Take();

 private:
  class ShardSink;

  int64_t rows_of(size_t shard) const;
  std::string name_of(size_t shard) const;

  const std::filesystem::path folder_;
  const std::string digest_;
  const FeatureShape shape_;
  const int64_t rows_per_shard_;
  std::vector<std::unique_ptr<FeatureShard>> shards_;  // null: missing
};

}  // namespace graft::features

#endif  // GRAFT_CORE_FEATURES_BLOCK_BUILDER_H_
