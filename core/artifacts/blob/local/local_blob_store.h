#ifndef GRAFT_CORE_ARTIFACTS_BLOB_LOCAL_LOCAL_BLOB_STORE_H_
#define GRAFT_CORE_ARTIFACTS_BLOB_LOCAL_LOCAL_BLOB_STORE_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

#include "core/artifacts/blob/blob_store.h"

namespace graft::artifacts {

// Blobs as files below a folder, which several processes may share. A blob is written to a staging
// folder, synced, and linked into place: link(2) fails where the name is taken, so one writer wins,
// and no reader ever sees a part.
class LocalBlobStore final : public BlobStore {
 public:
  // Makes the folder if need be. With `sweep`, removes what killed processes left in the staging
  // folder; only for the process that owns the store, before others open it.
  static absl::StatusOr<std::unique_ptr<LocalBlobStore>> Open(const std::filesystem::path& root,
                                                              bool sweep = false);

  absl::Status PutIfAbsent(const std::string& key, absl::string_view bytes) override;
  absl::Status PutFileIfAbsent(const std::string& key, const std::filesystem::path& file) override;
  absl::StatusOr<std::string> Get(const std::string& key, uint64_t max_bytes) override;
  absl::StatusOr<std::string> GetRange(const std::string& key, uint64_t offset,
                                       uint64_t length) override;
  absl::StatusOr<uint64_t> Size(const std::string& key) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                const std::string& start_after,
                                                size_t limit) override;
  absl::Status Delete(const std::string& key) override;
  absl::StatusOr<std::optional<std::filesystem::path>> LocalPath(const std::string& key) override;

 private:
  explicit LocalBlobStore(std::filesystem::path root) : root_(std::move(root)) {}
  absl::Status LinkIntoPlace(const std::filesystem::path& staged, const std::string& key);

  const std::filesystem::path root_;
};

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_BLOB_LOCAL_LOCAL_BLOB_STORE_H_
