#ifndef GRAFT_TESTS_FAKES_MEMORY_BLOB_STORE_H_
#define GRAFT_TESTS_FAKES_MEMORY_BLOB_STORE_H_

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace graft {

// Blobs in memory, without local files, as an object store has none. Held to BlobStoreContract.
// Safe for concurrent use.
class MemoryBlobStore final : public artifacts::BlobStore {
 public:
  absl::Status PutIfAbsent(const std::string& key, absl::string_view bytes) override {
    GRAFT_RETURN_IF_ERROR(artifacts::ValidateBlobKey(key));
    const absl::MutexLock lock(&mutex_);
    if (blobs_.count(key) > 0) return absl::AlreadyExistsError(key);
    const auto below = blobs_.lower_bound(key + "/");
    bool folder = below != blobs_.end() && absl::StartsWith(below->first, key + "/");
    for (size_t slash = key.find('/'); slash != std::string::npos;
         slash = key.find('/', slash + 1)) {
      folder = folder || blobs_.count(key.substr(0, slash)) > 0;
    }
    if (folder) return absl::FailedPreconditionError(key);
    blobs_.emplace(key, bytes);
    return absl::OkStatus();
  }

  absl::Status PutFileIfAbsent(const std::string& key, const std::filesystem::path& file) override {
    GRAFT_RETURN_IF_ERROR(artifacts::ValidateBlobKey(key));
    GRAFT_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file, uint64_t{1} << 32));
    return PutIfAbsent(key, bytes);
  }

  absl::StatusOr<std::string> Get(const std::string& key, uint64_t max_bytes) override {
    GRAFT_ASSIGN_OR_RETURN(std::string bytes, Find(key));
    if (bytes.size() > max_bytes) return absl::ResourceExhaustedError(key);
    return bytes;
  }

  absl::StatusOr<std::string> GetRange(const std::string& key, uint64_t offset,
                                       uint64_t length) override {
    GRAFT_ASSIGN_OR_RETURN(const std::string bytes, Find(key));
    if (offset > bytes.size() || length > bytes.size() - offset) return absl::OutOfRangeError(key);
    return bytes.substr(offset, length);
  }

  absl::StatusOr<uint64_t> Size(const std::string& key) override {
    GRAFT_ASSIGN_OR_RETURN(const std::string bytes, Find(key));
    return bytes.size();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                const std::string& start_after,
                                                size_t limit) override {
    GRAFT_RETURN_IF_ERROR(artifacts::ValidateBlobPrefix(prefix));
    const absl::MutexLock lock(&mutex_);
    std::vector<std::string> keys;
    for (const auto& [key, unused] : blobs_) {
      if (keys.size() >= limit) break;
      if (absl::StartsWith(key, prefix) && key > start_after) keys.push_back(key);
    }
    return keys;
  }

  absl::Status Delete(const std::string& key) override {
    GRAFT_RETURN_IF_ERROR(artifacts::ValidateBlobKey(key));
    const absl::MutexLock lock(&mutex_);
    blobs_.erase(key);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::filesystem::path>> LocalPath(const std::string& key) override {
    GRAFT_RETURN_IF_ERROR(Find(key).status());
    return std::optional<std::filesystem::path>();
  }

 private:
  absl::StatusOr<std::string> Find(const std::string& key) {
    GRAFT_RETURN_IF_ERROR(artifacts::ValidateBlobKey(key));
    const absl::MutexLock lock(&mutex_);
    const auto found = blobs_.find(key);
    if (found == blobs_.end()) return absl::NotFoundError(absl::StrCat("no blob '", key, "'"));
    return found->second;
  }

  absl::Mutex mutex_;
  std::map<std::string, std::string> blobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_MEMORY_BLOB_STORE_H_
