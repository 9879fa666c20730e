#ifndef GRAFT_CORE_FEATURES_FEATURE_CACHE_H_
#define GRAFT_CORE_FEATURES_FEATURE_CACHE_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/clock.h"
#include "core/base/disk_reserve.h"
#include "core/features/feature_block.h"
#include "core/features/feature_sink.h"

namespace graft::features {

// What features are a function of. Two jobs whose keys agree share a block.
struct FeatureKey {
  std::string dataset_digest;    // sha256 of the dataset's content
  std::string entries;           // "all", or a digest of the list of entries, where a part is held
  std::string backbone_digest;   // sha256 of the weights file
  std::string transform_digest;  // of everything between the encoded image and the network
  std::string cut_point;         // how far the network ran, and what was done with its output
  int view = 0;                  // 0: the plain image; 1, 2, ...: augmented ones

  // Hexadecimal SHA-256 over all fields: the name of its files.
  std::string Digest() const;
};

// What a block may take of memory where it cannot be in files.
inline constexpr uint64_t kMaxFeaturesInMemory = uint64_t{2} << 30;

// Features on disk: computed once, memory-mapped, shared by jobs and processes. A block is cut into
// shards of `rows_per_shard` rows, one file each. A file is written aside and renamed when whole,
// so a computation that is cut short loses one shard at most: the next one goes on behind the last.
// It carries a SHA-256 that is checked whenever it is opened; a torn or foreign one is thrown away
// and computed again. The least recently used files go when the sum would pass `max_bytes`; blocks
// in use stay valid.
//
// Safe for concurrent use by several threads and by several processes on one folder: a lock file
// makes the others wait for the one that computes (flock, so a killed process lets go of it).
class FeatureCache {
 public:
  struct Options {
    std::filesystem::path folder;
    uint64_t max_bytes = uint64_t{8} << 30;
    Clock* clock = Clock::System();  // paces waiting for another process
    // A multiple of every batch that is appended, or the features of a computation that was cut
    // short may differ from one that was not in the last bits.
    int64_t rows_per_shard = 512;
    // Of the folder's disk, kept free: files that are not in use go for it, and where that is not
    // enough a block is computed in memory.
    uint64_t min_free_disk_bytes = 0;
    FreeDiskFunction free_disk = FreeDiskBytes;
  };

  // Makes the folder if need be and removes what killed processes left unfinished in it.
  static absl::StatusOr<std::unique_ptr<FeatureCache>> Open(Options options);

  // Of the files of a block of `shape`.
  uint64_t BytesFor(const FeatureShape& shape) const;
  uint64_t max_bytes() const { return options_.max_bytes; }
  // Whether a block of `shape` may be kept at all. One that may not is computed in memory by
  // GetOrCompute, and again by the next job.
  bool Fits(const FeatureShape& shape) const { return BytesFor(shape) <= options_.max_bytes; }

  // The block of `key`, from its files, and for shards that are not there from `produce`, which is
  // called once for each run of such (once more if the disk fails). While another process computes
  // it, `while_waiting` (may be empty) is called several times a second; its error ends the wait.
  // The result has `shape`, or DATA_LOSS if the producer gave other rows. An error of the disk is
  // no error here as long as what is left fits in `max_in_memory` bytes, where it is then held
  // (bytes_in_memory() tells); RESOURCE_EXHAUSTED when it does not.
  absl::StatusOr<std::shared_ptr<const FeatureBlock>> GetOrCompute(
      const FeatureKey& key, const FeatureShape& shape, const FeatureProducer& produce,
      const std::function<absl::Status()>& while_waiting = nullptr,
      uint64_t max_in_memory = kMaxFeaturesInMemory);

  // Rows handed out that were there, and rows that were computed, since Open.
  int64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  int64_t misses() const { return misses_.load(std::memory_order_relaxed); }
  // Of all files in the folder now.
  uint64_t bytes() const;

 private:
  explicit FeatureCache(Options options) : options_(std::move(options)) {}
  // Removes the least recently used files until `bytes` more are within both bounds.
  void MakeRoom(uint64_t bytes) const;

  const Options options_;
  std::atomic<int64_t> hits_{0};
  std::atomic<int64_t> misses_{0};
};

// Whether GetOrCompute or ComputeInMemory failed because of `max_in_memory`.
bool IsTooLargeForMemory(const absl::Status& status);

// Computes a block in memory, without a cache. DATA_LOSS if the producer gives other rows,
// RESOURCE_EXHAUSTED if they are more than `max_in_memory` bytes.
absl::StatusOr<std::shared_ptr<const FeatureBlock>> ComputeInMemory(
    const FeatureShape& shape, const FeatureProducer& produce,
    uint64_t max_in_memory = kMaxFeaturesInMemory);

}  // namespace graft::features

#endif  // GRAFT_CORE_FEATURES_FEATURE_CACHE_H_
