#include "core/artifacts/manifest.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::artifacts {
namespace {

constexpr uint64_t kHashChunk = 4 << 20;

// The description is the writer's own; deeper than this, printing it could exhaust the stack.
constexpr int kDeepest = 100;

// A discarded value where `text` is not JSON or nested too deeply.
nlohmann::json ParseJson(absl::string_view text) {
  bool too_deep = false;
  const auto filter = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDeepest) too_deep = true;
    return !too_deep;
  };
  nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), filter, /*allow_exceptions=*/false);
  if (too_deep) return nlohmann::json(nlohmann::json::value_t::discarded);
  return json;
}

absl::Status CheckFiles(const std::vector<ManifestFile>& files) {
  absl::flat_hash_set<std::string> names;
  for (const ManifestFile& file : files) {
    GRAFT_RETURN_IF_ERROR(Annotate(ValidateBlobKey(file.name), "manifest"));
    if (!IsSha256Hex(file.sha256)) {
      return absl::InvalidArgumentError(absl::StrCat("manifest: ", file.name, ": bad sha256"));
    }
    if (!names.insert(file.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("manifest: ", file.name, " is there twice"));
    }
  }
  return absl::OkStatus();
}

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

absl::Status Lost(absl::string_view name, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("stored file ", name, " ", what));
}

absl::Status CheckSize(BlobStore& blobs, const std::string& key, const ManifestFile& file) {
  const absl::StatusOr<uint64_t> bytes = blobs.Size(key);
  if (!bytes.ok()) return Lost(file.name, "is missing");
  if (*bytes != file.bytes) return Lost(file.name, "has another size than was published");
  return absl::OkStatus();
}

}  // namespace

const ManifestFile* ArtifactManifest::Find(absl::string_view name) const {
  for (const ManifestFile& file : files) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

absl::StatusOr<std::string> ManifestToJson(const ArtifactManifest& manifest) {
  GRAFT_RETURN_IF_ERROR(CheckFiles(manifest.files));
  nlohmann::json files = nlohmann::json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"sha256", file.sha256}, {"bytes", file.bytes}});
  }
  nlohmann::json description = ParseJson(manifest.description);
  if (!description.is_object()) {
    return absl::InvalidArgumentError("manifest: the description is not a JSON object");
  }
  const nlohmann::json json = {
      {"format", 1}, {"files", std::move(files)}, {"description", std::move(description)}};
  return json.dump(1);
}

absl::StatusOr<ArtifactManifest> ManifestFromJson(absl::string_view text) {
  const nlohmann::json json = ParseJson(text);
  if (!json.is_object()) return absl::InvalidArgumentError("manifest: not a JSON object");
  ArtifactManifest manifest;
  try {
    const nlohmann::json& format = json.at("format");
    if (!format.is_number_integer()) {
      return absl::InvalidArgumentError("manifest: format is not a number");
    }
    if (format != 1) return absl::InvalidArgumentError("manifest: of a format graft does not know");
    if (!json.at("files").is_array()) {
      return absl::InvalidArgumentError("manifest: files is not a list");
    }
    for (const nlohmann::json& entry : json.at("files")) {
      ManifestFile file;
      entry.at("name").get_to(file.name);
      entry.at("sha256").get_to(file.sha256);
      // get<uint64_t>() would take -1 for 2^64 - 1.
      if (!entry.at("bytes").is_number_unsigned()) {
        return absl::InvalidArgumentError(absl::StrCat("manifest: ", file.name, ": bad size"));
      }
      entry.at("bytes").get_to(file.bytes);
      manifest.files.push_back(std::move(file));
    }
    if (!json.at("description").is_object()) {
      return absl::InvalidArgumentError("manifest: the description is not a JSON object");
    }
    manifest.description = json.at("description").dump();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("manifest: ", error.what()));
  }
  GRAFT_RETURN_IF_ERROR(CheckFiles(manifest.files));
  return manifest;
}

absl::StatusOr<VerifiedManifest> LoadVerifiedManifest(BlobStore& blobs, const std::string& prefix,
                                                      absl::string_view manifest_sha256,
                                                      const WantedFile& wanted) {
  const absl::StatusOr<std::string> json =
      blobs.Get(BlobIn(prefix, kManifestFile), kMaxManifestBytes);
  if (!json.ok()) return Lost(kManifestFile, "is missing");
  if (Sha256Hex(*json) != manifest_sha256) {
    return Lost(kManifestFile, "is not the one that was published");
  }
  absl::StatusOr<ArtifactManifest> parsed = ManifestFromJson(*json);
  if (!parsed.ok()) return Lost(kManifestFile, absl::StrCat("is bad: ", parsed.status().message()));
  VerifiedManifest verified;
  verified.manifest = *std::move(parsed);
  verified.bytes = json->size();
  if (!wanted.name.empty() && verified.manifest.Find(wanted.name) == nullptr) {
    return Lost(wanted.name, "is not in the manifest");
  }
  for (const ManifestFile& file : verified.manifest.files) {
    const std::string key = BlobIn(prefix, file.name);
    GRAFT_RETURN_IF_ERROR(CheckSize(blobs, key, file));
    absl::StatusOr<std::string> sha256;
    if (file.name == wanted.name) {
      if (file.bytes > wanted.max_bytes) {
        return absl::InvalidArgumentError(
            absl::StrCat("stored file ", file.name, " has ", file.bytes,
                         " bytes, more than the limit of ", wanted.max_bytes));
      }
      absl::StatusOr<std::string> content = blobs.Get(key, file.bytes);
      if (!content.ok()) return Lost(file.name, "cannot be read");
      verified.content = *std::move(content);
      sha256 = Sha256Hex(verified.content);
    } else {
      sha256 = HashBlob(blobs, key, file.bytes);
    }
    if (!sha256.ok()) return Lost(file.name, "cannot be read");
    if (*sha256 != file.sha256) return Lost(file.name, "has another hash than was published");
    verified.bytes += file.bytes;
  }
  return verified;
}

}  // namespace graft::artifacts
