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
  const absl::StatusOr<data::DatasetManifest> manifest = data::DatasetManifestFromJson(text);
  if (!manifest.ok()) return;
  for (const data::DatasetEntry& entry : manifest->entries) {
    Require(entry.length >= 1 && entry.offset <= manifest->bytes, "an entry outside");
    Require(entry.length <= manifest->bytes - entry.offset, "an entry outside");
    const auto known = [&](int index) {
      return index >= 0 && static_cast<size_t>(index) < manifest->classes.size();
    };
    if (manifest->targets == data::TargetKind::kClass) Require(known(entry.class_index), "a class");
    for (const int label : entry.labels) Require(known(label), "an unknown label");
    Require(entry.numbers.size() == manifest->numbers.size(), "numbers missing");
  }
  const std::string json = data::DatasetManifestToJson(*manifest);
  const absl::StatusOr<data::DatasetManifest> again = data::DatasetManifestFromJson(json);
  Require(again.ok(), "a dataset manifest that cannot be read again");
  Require(data::DatasetManifestToJson(*again) == json, "a dataset manifest that changes");
}

void FuzzArtifact(absl::string_view text) {
  const absl::StatusOr<artifacts::ArtifactManifest> manifest = artifacts::ManifestFromJson(text);
  if (!manifest.ok()) return;
  const std::string json = artifacts::ManifestToJson(*manifest).value();
  const absl::StatusOr<artifacts::ArtifactManifest> again = artifacts::ManifestFromJson(json);
  Require(again.ok(), "a manifest that cannot be read again");
  Require(artifacts::ManifestToJson(*again).value() == json, "a manifest that changes");
}

void FuzzInputSpec(absl::string_view text) {
  const absl::StatusOr<model::InputSpec> spec = model::InputSpecFromJson(text);
  if (!spec.ok()) return;
  Require(model::Validate(*spec).ok(), "a spec that is not valid");
  const absl::StatusOr<model::InputSpec> again =
      model::InputSpecFromJson(model::InputSpecToJson(*spec));
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
