#include "core/serving/stored_model_source.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/manifest.h"
#include "core/base/error_reasons.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"

namespace graft::serving {
namespace {

class StoredArtifact final : public ModelArtifact {
 public:
  std::string description;
  std::unique_ptr<MappedFile> mapped;  // or, where the store is not local,
  std::string bytes;

  absl::string_view model_bytes() const override {
    return mapped != nullptr ? mapped->bytes() : absl::string_view(bytes);
  }
  absl::string_view description_json() const override { return description; }
};

}  // namespace

absl::StatusOr<int64_t> StoredModelSource::Resolve(const std::string& project,
                                                   const std::string& model, int64_t version) {
  absl::StatusOr<store::ModelVersion> row = store_->GetModelVersion(project, model, version);
  if (row.ok()) return row->version;
  if (!absl::IsNotFound(row.status())) return row.status();
  const absl::StatusOr<store::Model> known = store_->GetModel(project, model);
  if (known.ok() && version != 0 && known->latest_version > 0) {
    return WithReason(absl::NotFoundError(absl::StrCat(
                          "model \"", model, "\" has no version ", version, "; the latest is ",
                          known->latest_version, " (ask for version 0 to get it)")),
                      reasons::kModelNotFound);
  }
  return WithReason(
      absl::NotFoundError(absl::StrCat(
          "model \"", model, "\" does not exist in project \"", project,
          "\": fine-tune one under that name, or list the models to see which there are")),
      reasons::kModelNotFound);
}

absl::StatusOr<ArtifactSummary> StoredModelSource::Summarise(const ModelKey& key) {
  GRAFT_ASSIGN_OR_RETURN(const store::ModelVersion row,
                         store_->GetModelVersion(key.project, key.model, key.version));
  const auto lost = [](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("stored file ", artifacts::kManifestFile, " ", what));
  };
  const absl::StatusOr<std::string> json =
      blobs_->Get(absl::StrCat(row.artifact_prefix, "/", artifacts::kManifestFile),
                  artifacts::kMaxManifestBytes);
  if (!json.ok()) return lost("is missing");
  if (Sha256Hex(*json) != row.artifact_sha256) return lost("is not the one that was published");
  absl::StatusOr<artifacts::ArtifactManifest> manifest = artifacts::ManifestFromJson(*json);
  if (!manifest.ok()) return lost(absl::StrCat("is bad: ", manifest.status().message()));
  const artifacts::ManifestFile* file = manifest->Find(artifacts::kModelFile);
  if (file == nullptr) return lost(absl::StrCat("does not list ", artifacts::kModelFile));
  return ArtifactSummary{file->bytes, std::move(manifest->description)};
}

absl::StatusOr<std::unique_ptr<ModelArtifact>> StoredModelSource::Open(const ModelKey& key) {
  GRAFT_ASSIGN_OR_RETURN(const store::ModelVersion row,
                         store_->GetModelVersion(key.project, key.model, key.version));
  GRAFT_ASSIGN_OR_RETURN(
      const artifacts::VerifiedManifest verified,
      artifacts::LoadVerifiedManifest(*blobs_, row.artifact_prefix, row.artifact_sha256));
  const artifacts::ManifestFile* file = verified.manifest.Find(artifacts::kModelFile);
  if (file == nullptr) {
    return absl::DataLossError(absl::StrCat(artifacts::kModelFile, ": is not in the manifest"));
  }
  auto artifact = std::make_unique<StoredArtifact>();
  artifact->description = verified.manifest.description;
  const std::string blob = artifacts::BlobIn(row.artifact_prefix, artifacts::kModelFile);
  GRAFT_ASSIGN_OR_RETURN(const std::optional<std::filesystem::path> path, blobs_->LocalPath(blob));
  if (path.has_value()) {
    GRAFT_ASSIGN_OR_RETURN(artifact->mapped, MappedFile::Open(*path));
  } else {
    GRAFT_ASSIGN_OR_RETURN(artifact->bytes, blobs_->Get(blob, file->bytes));
  }
  return artifact;
}

}  // namespace graft::serving
