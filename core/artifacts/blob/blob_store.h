#ifndef GRAFT_CORE_ARTIFACTS_BLOB_BLOB_STORE_H_
#define GRAFT_CORE_ARTIFACTS_BLOB_BLOB_STORE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::artifacts {

// Immutable blobs by key: what an object store offers, and no more. There is no rename and no
// overwrite; what must appear at once appears through a row in the metadata store.
//
// A key is 1 to 512 bytes: segments of A-Z a-z 0-9 - _ . joined by '/', none empty, none beginning
// with '.'. INVALID_ARGUMENT for others. A key is not another key's folder: with "a/b" there,
// putting "a" is FAILED_PRECONDITION. No message names a path or a host.
// Safe for concurrent use by threads and by processes.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Durable once OK. ALREADY_EXISTS where the key is taken: of racing writers one wins, and the
  // others' bytes leave no trace. RESOURCE_EXHAUSTED: the disk is full.
  virtual absl::Status PutIfAbsent(const std::string& key, absl::string_view bytes) = 0;

  // The same with a file's content. The file may be linked rather than copied: it must not be
  // written to afterwards, and may be deleted. NOT_FOUND: no such file.
  virtual absl::Status PutFileIfAbsent(const std::string& key,
                                       const std::filesystem::path& file) = 0;

  // NOT_FOUND; RESOURCE_EXHAUSTED where it is larger than `max_bytes`.
  virtual absl::StatusOr<std::string> Get(const std::string& key, uint64_t max_bytes) = 0;

  // `length` bytes from `offset`. OUT_OF_RANGE where the blob is shorter.
  virtual absl::StatusOr<std::string> GetRange(const std::string& key, uint64_t offset,
                                               uint64_t length) = 0;

  // Size in bytes. NOT_FOUND.
  virtual absl::StatusOr<uint64_t> Size(const std::string& key) = 0;

  // Keys that begin with `prefix` (any beginning of a key, "" for all), sorted as bytes, after
  // `start_after`, at most `limit`. INVALID_ARGUMENT: no key can begin like that. What others put
  // or delete meanwhile may be in it or not; what they leave alone is.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                        const std::string& start_after,
                                                        size_t limit) = 0;

  // OK where there is no such blob: deleting twice is deleting once.
  virtual absl::Status Delete(const std::string& key) = 0;

  // Deletes all that List(prefix) gives.
  absl::Status DeletePrefix(const std::string& prefix);

  // A file with the blob's content, to be memory-mapped; none where the store is not local.
  // NOT_FOUND.
  virtual absl::StatusOr<std::optional<std::filesystem::path>> LocalPath(
      const std::string& key) = 0;
};

// INVALID_ARGUMENT says what is wrong with a key.
absl::Status ValidateBlobKey(absl::string_view key);

// The same for what is to be the beginning of keys.
absl::Status ValidateBlobPrefix(absl::string_view prefix);

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_BLOB_BLOB_STORE_H_
