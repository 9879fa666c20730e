// Any text as one of graft's JSON documents: refused, or understood so that writing it again and
// reading that gives the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/artifacts/manifest.h"
#include "core/data/dataset_manifest.h"
#include "core/model/input_spec.h"
#include "tests/fuzz/require.h"

namespace graft {
namespace {

void FuzzDataset(absl::string_view text) {
  const absl::StatusOr<DatasetManifest> manifest = DatasetManifestFromJson(text);
  if (!manifest.ok()) return;
  for (const DatasetEntry& entry : manifest->entries) {
    Require(entry.length >= 1 && entry.offset <= manifest->bytes, "an entry outside");
    Require(entry.length <= manifest->bytes - entry.offset, "an entry outside");
    Require(entry.class_index >= 0, "a class below 0");
    Require(static_cast<size_t>(entry.class_index) < manifest->classes.size(), "an unknown class");
  }
  const std::string json = DatasetManifestToJson(*manifest);
  const absl::StatusOr<DatasetManifest> again = DatasetManifestFromJson(json);
  Require(again.ok(), "a dataset manifest that cannot be read again");
  Require(DatasetManifestToJson(*again) == json, "a dataset manifest that changes");
}

void FuzzArtifact(absl::string_view text) {
  const absl::StatusOr<ArtifactManifest> manifest = ManifestFromJson(text);
  if (!manifest.ok()) return;
  const std::string json = ManifestToJson(*manifest).value();
  const absl::StatusOr<ArtifactManifest> again = ManifestFromJson(json);
  Require(again.ok(), "a manifest that cannot be read again");
  Require(ManifestToJson(*again).value() == json, "a manifest that changes");
}

void FuzzInputSpec(absl::string_view text) {
  const absl::StatusOr<InputSpec> spec = InputSpecFromJson(text);
  if (!spec.ok()) return;
  Require(Validate(*spec).ok(), "a spec that is not valid");
  const absl::StatusOr<InputSpec> again = InputSpecFromJson(InputSpecToJson(*spec));
  Require(again.ok() && *again == *spec, "a spec that changes");
}

}  // namespace
}  // namespace graft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte chooses the document.
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      graft::FuzzDataset(text);
      break;
    case 1:
      graft::FuzzArtifact(text);
      break;
    default:
      graft::FuzzInputSpec(text);
  }
  return 0;
}
