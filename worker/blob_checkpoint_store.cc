#include "worker/blob_checkpoint_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "core/base/status_macros.h"

namespace graft {
namespace {

constexpr char kSuffix[] = ".safetensors";
constexpr size_t kKept = 2;
// Two are kept and a killed worker may leave one more each attempt; far below this.
constexpr size_t kMostListed = 10'000;
constexpr uint64_t kMaxBytes = uint64_t{8} << 30;

struct Name {
  int epoch = 0;
  uint64_t fence = 0;
};

// False for what this store did not write.
bool ParseName(absl::string_view name, Name* parsed) {
  if (!absl::ConsumeSuffix(&name, kSuffix)) return false;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(name, '-');
  return absl::SimpleAtoi(parts.first, &parsed->fence) &&
         absl::SimpleAtoi(parts.second, &parsed->epoch);
}

}  // namespace

absl::Status BlobCheckpointStore::Save(int epoch, absl::string_view bytes) {
  const std::string name = absl::StrCat(fence_, "-", epoch, kSuffix);
  absl::Status put = blobs_->PutIfAbsent(absl::StrCat(prefix_, "/", name), bytes);
  // The same attempt says the same of the same epoch.
  if (!put.ok() && !absl::IsAlreadyExists(put)) return Annotate(put, "checkpoint");
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> names, List());
  for (size_t i = kKept; i < names.size(); ++i) {
    GRAFT_RETURN_IF_ERROR(blobs_->Delete(absl::StrCat(prefix_, "/", names[i])));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> BlobCheckpointStore::List() {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                         blobs_->List(absl::StrCat(prefix_, "/"), "", kMostListed));
  std::vector<std::pair<Name, std::string>> found;
  for (const std::string& key : keys) {
    const std::string name = key.substr(prefix_.size() + 1);
    Name parsed;
    if (ParseName(name, &parsed)) found.emplace_back(parsed, name);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.epoch, a.first.fence) > std::pair(b.first.epoch, b.first.fence);
  });
  std::vector<std::string> names;
  for (auto& [unused, name] : found) names.push_back(std::move(name));
  return names;
}

absl::StatusOr<std::string> BlobCheckpointStore::Load(const std::string& id) {
  return blobs_->Get(absl::StrCat(prefix_, "/", id), kMaxBytes);
}

absl::Status BlobCheckpointStore::Clear() { return blobs_->DeletePrefix(prefix_ + "/"); }

}  // namespace graft
