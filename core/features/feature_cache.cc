#include "core/features/feature_cache.h"

#include <algorithm>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/features/block_builder.h"
#include "core/features/feature_file.h"

namespace graft::features {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPollInterval = absl::Milliseconds(200);

// An exclusive flock, held until destruction. Each instance opens the file anew, so threads of one
// process exclude each other as processes do.
class FileLock {
 public:
  // Null when another holds it, or when the folder cannot hold locks.
  static std::unique_ptr<FileLock> TryAcquire(const fs::path& path, bool& contended) {
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    contended = false;
    if (fd < 0) return nullptr;
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      contended = errno == EWOULDBLOCK;
      ::close(fd);
      return nullptr;
    }
    return std::unique_ptr<FileLock>(new FileLock(fd));
  }
  ~FileLock() { ::close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  const int fd_;
};

// A fixed set of lock files, since removing one while another process waits for it would let two
// in. Keys that share one only wait for each other.
fs::path LockPath(const fs::path& folder, absl::string_view digest) {
  return folder / absl::StrCat("lock-", digest.substr(0, 2));
}

struct CacheFile {
  fs::path path;
  uint64_t bytes = 0;
  fs::file_time_type used;
};

std::vector<CacheFile> ListFiles(const fs::path& folder) {
  std::vector<CacheFile> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    CacheFile file;
    file.path = it->path();
    if (file.path.extension() != kFeatureFileSuffix && file.path.extension() != kPartialSuffix)
      continue;
    std::error_code gone;  // another process may remove it meanwhile
    file.bytes = it->file_size(gone);
    if (!gone) file.used = it->last_write_time(gone);
    if (!gone) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::string FeatureKey::Digest() const {
  Sha256 hash;
  for (const std::string& field : {dataset_digest, entries, backbone_digest, transform_digest,
                                   cut_point, absl::StrCat(view)}) {
    // With its length, so that no two keys run together into the same bytes.
    hash.Update(absl::StrCat(field.size(), ":", field, ";"));
  }
  return hash.FinishHex();
}

bool IsTooLargeForMemory(const absl::Status& status) {
  return ErrorReason(status) == reasons::kFeaturesTooLarge;
}

absl::StatusOr<std::shared_ptr<const FeatureBlock>> ComputeInMemory(const FeatureShape& shape,
                                                                    const FeatureProducer& produce,
                                                                    uint64_t max_in_memory) {
  BlockBuilder builder({}, "", shape, std::max<int64_t>(shape.rows, 1));
  GRAFT_RETURN_IF_ERROR(builder.Compute(produce, /*to_disk=*/false, max_in_memory));
  return builder.Take();
}

absl::StatusOr<std::unique_ptr<FeatureCache>> FeatureCache::Open(Options options) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("feature cache: cannot make its folder: ", error.message()));
  }
  for (const CacheFile& file : ListFiles(options.folder)) {
    if (file.path.extension() != kPartialSuffix) continue;
    bool contended = false;
    const auto lock =
        FileLock::TryAcquire(LockPath(options.folder, file.path.stem().string()), contended);
    if (lock != nullptr) {
      fs::remove(file.path, error);
    }
  }
  return std::unique_ptr<FeatureCache>(new FeatureCache(std::move(options)));
}

uint64_t FeatureCache::BytesFor(const FeatureShape& shape) const {
  const int64_t shards = (shape.rows + options_.rows_per_shard - 1) / options_.rows_per_shard;
  return shape.bytes() + static_cast<uint64_t>(shards) * kFeatureFileHeaderBytes;
}

uint64_t FeatureCache::bytes() const {
  uint64_t sum = 0;
  for (const CacheFile& file : ListFiles(options_.folder)) sum += file.bytes;
  return sum;
}

void FeatureCache::MakeRoom(uint64_t bytes) const {
  std::vector<CacheFile> files = ListFiles(options_.folder);
  uint64_t sum = 0;
  for (const CacheFile& file : files) sum += file.bytes;
  std::sort(files.begin(), files.end(),
            [](const CacheFile& a, const CacheFile& b) { return a.used < b.used; });
  const uint64_t wanted_free = options_.min_free_disk_bytes + bytes;
  for (const CacheFile& file : files) {
    // Asked for each: a file that a job has mapped gives its room back only when the job lets go.
    const absl::StatusOr<uint64_t> free = options_.free_disk(options_.folder);
    const bool disk_is_full = free.ok() && *free < wanted_free;
    if (sum + bytes <= options_.max_bytes && !disk_is_full) return;
    if (file.path.extension() == kPartialSuffix) continue;  // being written
    std::error_code error;
    fs::remove(file.path, error);
    if (!error) sum -= std::min(sum, file.bytes);
  }
}

absl::StatusOr<std::shared_ptr<const FeatureBlock>> FeatureCache::GetOrCompute(
    const FeatureKey& key, const FeatureShape& shape, const FeatureProducer& produce,
    const std::function<absl::Status()>& while_waiting, uint64_t max_in_memory) {
  if (!Fits(shape)) {
    misses_ += shape.rows;
    return ComputeInMemory(shape, produce, max_in_memory);
  }
  const std::string digest = key.Digest();
  BlockBuilder builder(options_.folder, digest, shape, options_.rows_per_shard);
  std::unique_ptr<FileLock> lock;
  while (true) {
    builder.Find();
    if (builder.missing_rows() == 0 || lock != nullptr) break;
    bool contended = false;
    lock = FileLock::TryAcquire(LockPath(options_.folder, digest), contended);
    if (lock != nullptr) continue;  // look once more: the last holder may have finished it
    if (!contended) break;          // locks do not work here; computing twice is not wrong
    if (while_waiting) GRAFT_RETURN_IF_ERROR(while_waiting());
    options_.clock->Sleep(kPollInterval);
  }

  hits_ += shape.rows - builder.missing_rows();
  misses_ += builder.missing_rows();
  if (lock != nullptr && builder.missing_rows() > 0) MakeRoom(builder.missing_bytes());
  DiskReserve reserve(options_.folder, options_.min_free_disk_bytes, options_.free_disk);
  GRAFT_RETURN_IF_ERROR(
      builder.Compute(produce, /*to_disk=*/lock != nullptr, max_in_memory, &reserve));
  return builder.Take();
}

}  // namespace graft::features
