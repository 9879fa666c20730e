#include "worker/blob_checkpoint_store.h"

#include <algorithm>
#include <utility>

#include "core/artifacts/blob_layout.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"

namespace graft::worker {
namespace {

constexpr size_t kKept = 2;
// Two are kept and a killed worker may leave one more each attempt; far below this.
constexpr size_t kMostListed = 10'000;
constexpr uint64_t kMaxBytes = uint64_t{8} << 30;

}  // namespace

absl::Status BlobCheckpointStore::Put(const std::string& key, absl::string_view bytes) {
  if (reserve_ != nullptr) GRAFT_RETURN_IF_ERROR(reserve_->Spend(bytes.size()));
  const absl::Status put = blobs_->PutIfAbsent(key, bytes);
  // The same attempt says the same of the same epoch.
  return absl::IsAlreadyExists(put) ? absl::OkStatus() : put;
}

absl::Status BlobCheckpointStore::KeepNewest(size_t count) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> names, List());
  for (size_t i = count; i < names.size(); ++i) {
    GRAFT_RETURN_IF_ERROR(blobs_->Delete(artifacts::BlobIn(prefix_, names[i])));
  }
  return absl::OkStatus();
}

absl::Status BlobCheckpointStore::Save(int epoch, absl::string_view bytes) {
  const std::string key =
      artifacts::BlobIn(prefix_, artifacts::CheckpointFile({fence_, static_cast<uint64_t>(epoch)}));
  GRAFT_FAILPOINT("worker.checkpoint.before_put");
  absl::Status put = Put(key, bytes);
  if (absl::IsResourceExhausted(put)) {
    GRAFT_RETURN_IF_ERROR(KeepNewest(1));
    put = Put(key, bytes);
  }
  if (!put.ok()) return Annotate(put, "checkpoint");
  GRAFT_FAILPOINT("worker.checkpoint.after_put");
  return KeepNewest(kKept);
}

absl::StatusOr<std::vector<std::string>> BlobCheckpointStore::List() {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                         blobs_->List(artifacts::Below(prefix_), "", kMostListed));
  std::vector<std::pair<artifacts::CheckpointName, std::string>> found;
  for (const std::string& key : keys) {
    const std::string name = key.substr(artifacts::Below(prefix_).size());
    const absl::optional<artifacts::CheckpointName> parsed = artifacts::ParseCheckpointFile(name);
    if (parsed.has_value()) found.emplace_back(*parsed, name);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.epoch, a.first.fence) > std::pair(b.first.epoch, b.first.fence);
  });
  std::vector<std::string> names;
  for (auto& [unused, name] : found) names.push_back(std::move(name));
  return names;
}

absl::StatusOr<std::string> BlobCheckpointStore::Load(const std::string& id) {
  return blobs_->Get(artifacts::BlobIn(prefix_, id), kMaxBytes);
}

absl::Status BlobCheckpointStore::Clear() {
  return blobs_->DeletePrefix(artifacts::Below(prefix_));
}

}  // namespace graft::worker
