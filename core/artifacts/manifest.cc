#include "core/artifacts/manifest.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

constexpr uint64_t kHashChunk = 4 << 20;

absl::StatusOr<std::string> HashBlob(BlobStore& blobs, const std::string& key, uint64_t bytes) {
  GRAFT_ASSIGN_OR_RETURN(const std::optional<std::filesystem::path> local, blobs.LocalPath(key));
  if (local.has_value()) return Sha256HexOfFile(local->string());
  Sha256 hash;
  for (uint64_t at = 0; at < bytes; at += kHashChunk) {
    GRAFT_ASSIGN_OR_RETURN(const std::string chunk,
                           blobs.GetRange(key, at, std::min(kHashChunk, bytes - at)));
    hash.Update(chunk);
  }
  return hash.FinishHex();
}

}  // namespace

const ManifestFile* ArtifactManifest::Find(absl::string_view name) const {
  for (const ManifestFile& file : files) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

std::string ManifestToJson(const ArtifactManifest& manifest) {
  nlohmann::json files = nlohmann::json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"sha256", file.sha256}, {"bytes", file.bytes}});
  }
  nlohmann::json description =
      nlohmann::json::parse(manifest.description, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json json = {
      {"format", 1}, {"files", std::move(files)}, {"description", std::move(description)}};
  return json.dump(1);
}

absl::StatusOr<ArtifactManifest> ManifestFromJson(absl::string_view text) {
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("manifest: not a JSON object");
  ArtifactManifest manifest;
  try {
    if (json.at("format").get<int>() != 1) {
      return absl::InvalidArgumentError("manifest: written by a newer graft");
    }
    for (const nlohmann::json& entry : json.at("files")) {
      ManifestFile file{entry.at("name").get<std::string>(), entry.at("sha256").get<std::string>(),
                        entry.at("bytes").get<uint64_t>()};
      GRAFT_RETURN_IF_ERROR(Annotate(ValidateBlobKey(file.name), "manifest"));
      if (!IsSha256Hex(file.sha256)) {
        return absl::InvalidArgumentError(absl::StrCat("manifest: ", file.name, ": bad sha256"));
      }
      manifest.files.push_back(std::move(file));
    }
    manifest.description = json.at("description").dump();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("manifest: ", error.what()));
  }
  return manifest;
}

absl::StatusOr<ArtifactManifest> LoadVerifiedManifest(BlobStore& blobs, const std::string& prefix,
                                                      absl::string_view manifest_sha256) {
  const auto lost = [](absl::string_view name, absl::string_view what) {
    return absl::DataLossError(absl::StrCat("stored file ", name, " ", what));
  };
  absl::StatusOr<std::string> json =
      blobs.Get(absl::StrCat(prefix, "/", kManifestName), kMaxManifestBytes);
  if (!json.ok()) return lost(kManifestName, "is missing");
  if (Sha256Hex(*json) != manifest_sha256) {
    return lost(kManifestName, "is not the one that was published");
  }
  GRAFT_ASSIGN_OR_RETURN(ArtifactManifest manifest, ManifestFromJson(*json));
  for (const ManifestFile& file : manifest.files) {
    const std::string key = absl::StrCat(prefix, "/", file.name);
    const absl::StatusOr<uint64_t> bytes = blobs.Size(key);
    if (!bytes.ok()) return lost(file.name, "is missing");
    if (*bytes != file.bytes) return lost(file.name, "has another size than was published");
    GRAFT_ASSIGN_OR_RETURN(const std::string sha256, HashBlob(blobs, key, file.bytes));
    if (sha256 != file.sha256) return lost(file.name, "has another hash than was published");
  }
  return manifest;
}

}  // namespace graft
