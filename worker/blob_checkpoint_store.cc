#include "worker/blob_checkpoint_store.h"

#include <algorithm>
#include <utility>

#include "core/artifacts/blob_layout.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

constexpr size_t kKept = 2;
// Two are kept and a killed worker may leave one more each attempt; far below this.
constexpr size_t kMostListed = 10'000;
constexpr uint64_t kMaxBytes = uint64_t{8} << 30;

}  // namespace

absl::Status BlobCheckpointStore::Save(int epoch, absl::string_view bytes) {
  const std::string name = CheckpointFile({fence_, static_cast<uint64_t>(epoch)});
  absl::Status put = blobs_->PutIfAbsent(BlobIn(prefix_, name), bytes);
  // The same attempt says the same of the same epoch.
  if (!put.ok() && !absl::IsAlreadyExists(put)) return Annotate(put, "checkpoint");
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> names, List());
  for (size_t i = kKept; i < names.size(); ++i) {
    GRAFT_RETURN_IF_ERROR(blobs_->Delete(BlobIn(prefix_, names[i])));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> BlobCheckpointStore::List() {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                         blobs_->List(Below(prefix_), "", kMostListed));
  std::vector<std::pair<CheckpointName, std::string>> found;
  for (const std::string& key : keys) {
    const std::string name = key.substr(Below(prefix_).size());
    const absl::optional<CheckpointName> parsed = ParseCheckpointFile(name);
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
  return blobs_->Get(BlobIn(prefix_, id), kMaxBytes);
}

absl::Status BlobCheckpointStore::Clear() { return blobs_->DeletePrefix(Below(prefix_)); }

}  // namespace graft
