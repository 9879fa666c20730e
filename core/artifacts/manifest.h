#ifndef GRAFT_CORE_ARTIFACTS_MANIFEST_H_
#define GRAFT_CORE_ARTIFACTS_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/artifacts/blob/blob_store.h"

namespace graft::artifacts {

// One file of an artefact. `name` is its key below the artefact's prefix.
struct ManifestFile {
  std::string name;
  std::string sha256;
  uint64_t bytes = 0;
};

// What an artefact (a published model version) consists of, stored beside its files as
// <prefix>/manifest.json and written last. `description` is a JSON document of the writer's.
struct ArtifactManifest {
  std::vector<ManifestFile> files;
  std::string description = "{}";

  // Null where there is no such file.
  const ManifestFile* Find(absl::string_view name) const;
};

// JSON: {"format":1,"files":[{"name","sha256","bytes"}],"description":{...}}. Only what
// ManifestFromJson reads is written: INVALID_ARGUMENT names what is wrong.
absl::StatusOr<std::string> ManifestToJson(const ArtifactManifest& manifest);

// INVALID_ARGUMENT names what is missing or wrong; the description must be a JSON object.
absl::StatusOr<ArtifactManifest> ManifestFromJson(absl::string_view json);

inline constexpr uint64_t kMaxManifestBytes = 16 << 20;

// An artefact whose files are all what its manifest says.
struct VerifiedManifest {
  ArtifactManifest manifest;
  uint64_t bytes = 0;   // of all its files, manifest.json too
  std::string content;  // of the file that was asked for
};

// A file of an artefact that is wanted whole.
struct WantedFile {
  absl::string_view name;  // "": none
  uint64_t max_bytes = 0;
};

// Reads <prefix>/manifest.json, checks it against `manifest_sha256`, and every file it lists for
// its size and hash. The content of `wanted` is what was hashed: it is read once. DATA_LOSS names
// the file that is missing or differs; INVALID_ARGUMENT where `wanted` is larger than its limit.
absl::StatusOr<VerifiedManifest> LoadVerifiedManifest(BlobStore& blobs, const std::string& prefix,
                                                      absl::string_view manifest_sha256,
                                                      const WantedFile& wanted = {});

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_MANIFEST_H_
