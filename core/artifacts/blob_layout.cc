#include "core/artifacts/blob_layout.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace graft::artifacts {
namespace {

constexpr absl::string_view kDatasets = "datasets";
constexpr absl::string_view kJobs = "jobs";
constexpr absl::string_view kCheckpoints = "checkpoints";
constexpr absl::string_view kCaptures = "captures";
constexpr absl::string_view kCheckpointEnding = ".safetensors";

}  // namespace

std::string DatasetPrefix(absl::string_view project, absl::string_view digest) {
  return absl::StrCat(kDatasets, "/", project, "/", digest);
}

std::string ArtifactsPrefix(absl::string_view job_id) { return absl::StrCat(kJobs, "/", job_id); }

std::string ArtifactPrefix(absl::string_view job_id, uint64_t fence) {
  return absl::StrCat(ArtifactsPrefix(job_id), "/", fence);
}

std::string CheckpointPrefix(absl::string_view job_id) {
  return absl::StrCat(kCheckpoints, "/", job_id);
}

std::string CaptureBlob(absl::string_view project, absl::string_view digest) {
  return absl::StrCat(kCaptures, "/", project, "/", digest);
}

std::string Below(absl::string_view prefix) {
  return absl::StrCat(absl::StripSuffix(prefix, "/"), "/");
}

std::string BlobIn(absl::string_view prefix, absl::string_view name) {
  return absl::StrCat(Below(prefix), name);
}

std::string CheckpointFile(const CheckpointName& name) {
  return absl::StrCat(name.fence, "-", name.epoch, kCheckpointEnding);
}

absl::optional<CheckpointName> ParseCheckpointFile(absl::string_view file) {
  if (!absl::ConsumeSuffix(&file, kCheckpointEnding)) return {};
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(file, absl::MaxSplits('-', 1));
  CheckpointName name;
  if (!absl::SimpleAtoi(parts.first, &name.fence) || !absl::SimpleAtoi(parts.second, &name.epoch)) {
    return {};
  }
  return name;
}

absl::optional<BlobOwner> OwnerOfBlob(absl::string_view key) {
  const std::vector<absl::string_view> parts = absl::StrSplit(key, '/');
  if (parts.size() < 3) return {};
  BlobOwner owner;
  if (parts[0] == kDatasets || parts[0] == kCaptures) {
    owner.kind = parts[0] == kDatasets ? BlobOwner::Kind::kDataset : BlobOwner::Kind::kCapture;
    owner.project = std::string(parts[1]);
    owner.digest = std::string(parts[2]);
  } else if (parts[0] == kCheckpoints) {
    owner.kind = BlobOwner::Kind::kCheckpoint;
    owner.job_id = std::string(parts[1]);
  } else if (parts[0] == kJobs) {
    owner.kind = BlobOwner::Kind::kArtifact;
    owner.job_id = std::string(parts[1]);
    owner.prefix = absl::StrCat(kJobs, "/", parts[1], "/", parts[2]);
  } else {
    return {};
  }
  return owner;
}

}  // namespace graft::artifacts
