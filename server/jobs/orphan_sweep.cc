#include "server/jobs/orphan_sweep.h"

#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/status_macros.h"

namespace graft::server {
namespace {

// Deletes the blobs below `prefix` that `goes` is true of, a page of names at a time, and counts
// them.
template <typename Goes>
absl::StatusOr<int64_t> DeleteWhere(artifacts::BlobStore& blobs, const std::string& prefix,
                                    Goes&& goes) {
  constexpr size_t kPage = 1000;
  int64_t deleted = 0;
  std::string after;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> keys, blobs.List(prefix, after, kPage));
    for (const std::string& key : keys) {
      if (!goes(key)) continue;
      GRAFT_RETURN_IF_ERROR(blobs.Delete(key));
      ++deleted;
    }
    if (keys.size() < kPage) return deleted;
    after = keys.back();
  }
}

}  // namespace

bool IsOrphan(absl::string_view key, const store::BlobReferences& references) {
  const absl::optional<artifacts::BlobOwner> owner = artifacts::OwnerOfBlob(key);
  if (!owner.has_value()) return false;
  if (owner->kind == artifacts::BlobOwner::Kind::kDataset) {
    return references.datasets.count({owner->project, owner->digest}) == 0;
  }
  if (owner->kind == artifacts::BlobOwner::Kind::kCapture) {
    return references.captures.count({owner->project, owner->digest}) == 0;
  }
  if (references.live_jobs.count(owner->job_id) > 0) return false;
  if (owner->kind == artifacts::BlobOwner::Kind::kCheckpoint) return true;
  // Published prefixes are stored with or without a '/' at the end.
  return references.artifact_prefixes.count(owner->prefix) == 0 &&
         references.artifact_prefixes.count(artifacts::Below(owner->prefix)) == 0;
}

absl::StatusOr<int64_t> SweepOrphans(store::MetadataStore& store, artifacts::BlobStore& blobs) {
  GRAFT_ASSIGN_OR_RETURN(const store::BlobReferences references, store.ListBlobReferences());
  return DeleteWhere(blobs, "", [&](const std::string& key) { return IsOrphan(key, references); });
}

absl::StatusOr<int64_t> SweepEndedJob(artifacts::BlobStore& blobs, const std::string& job_id,
                                      uint64_t published) {
  const std::string kept = artifacts::Below(artifacts::ArtifactPrefix(job_id, published));
  int64_t swept = 0;
  for (const std::string& prefix : {artifacts::Below(artifacts::CheckpointPrefix(job_id)),
                                    artifacts::Below(artifacts::ArtifactsPrefix(job_id))}) {
    GRAFT_ASSIGN_OR_RETURN(const int64_t deleted,
                           DeleteWhere(blobs, prefix, [&](const std::string& key) {
                             return !absl::StartsWith(key, kept);
                           }));
    swept += deleted;
  }
  return swept;
}

absl::Status ResetTemporaryFolder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (!error) std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("the folder for uploads cannot be emptied: ", error.message()));
  }
  return absl::OkStatus();
}

}  // namespace graft::server
