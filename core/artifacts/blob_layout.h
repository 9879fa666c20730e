#ifndef GRAFT_CORE_ARTIFACTS_BLOB_LAYOUT_H_
#define GRAFT_CORE_ARTIFACTS_BLOB_LAYOUT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace graft::artifacts {

// What blobs are called. No other file makes or takes apart such a name:
//   datasets/<project>/<digest>/{images.bin, manifest.json}
//   jobs/<job>/<fence>/{model.safetensors, card.json, manifest.json}   what an attempt published
//   checkpoints/<job>/<fence>-<epoch>.safetensors                       shared by a job's attempts
//   captures/<project>/<digest>                                         a picture kept for
//   labelling
// A prefix has no '/' at its end. Pure functions.

inline constexpr char kImagesFile[] = "images.bin";
inline constexpr char kManifestFile[] = "manifest.json";
inline constexpr char kModelFile[] = "model.safetensors";
inline constexpr char kCardFile[] = "card.json";

std::string DatasetPrefix(absl::string_view project, absl::string_view digest);
std::string ArtifactsPrefix(absl::string_view job_id);  // of all attempts
std::string ArtifactPrefix(absl::string_view job_id, uint64_t fence);
std::string CheckpointPrefix(absl::string_view job_id);
std::string CaptureBlob(absl::string_view project, absl::string_view digest);

// <prefix>/<name>; a '/' at the prefix's end, as rows of early versions have it, is not doubled.
std::string BlobIn(absl::string_view prefix, absl::string_view name);
// What all names under the prefix begin with, and no others: <prefix>/.
std::string Below(absl::string_view prefix);

// A checkpoint's name under CheckpointPrefix.
struct CheckpointName {
  uint64_t fence = 0;
  uint64_t epoch = 0;
};
std::string CheckpointFile(const CheckpointName& name);
// nullopt for a name that CheckpointFile does not make.
absl::optional<CheckpointName> ParseCheckpointFile(absl::string_view file);

// Whose a blob is, told from its name.
struct BlobOwner {
  enum class Kind { kDataset, kArtifact, kCheckpoint, kCapture };
  Kind kind = Kind::kDataset;
  std::string project, digest;  // kDataset, kCapture
  std::string job_id;           // kArtifact, kCheckpoint
  std::string prefix;           // kArtifact: of the attempt
};
// nullopt for a blob that is none of ours.
absl::optional<BlobOwner> OwnerOfBlob(absl::string_view key);

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_BLOB_LAYOUT_H_
