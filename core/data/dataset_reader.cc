#include "core/data/dataset_reader.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/image/decode.h"

namespace graft::data {

absl::StatusOr<std::unique_ptr<DatasetReader>> DatasetReader::Open(
    const std::filesystem::path& images, absl::string_view manifest_json,
    absl::string_view digest) {
  absl::StatusOr<DatasetManifest> manifest = DatasetManifestFromJson(manifest_json);
  if (!manifest.ok()) return absl::DataLossError(manifest.status().message());
  std::string actual = DatasetDigest(*manifest);
  if (!digest.empty() && digest != actual) {
    return absl::DataLossError("the stored dataset is not the one that was uploaded");
  }
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> mapped, MappedFile::Open(images));
  if (mapped->bytes().size() != manifest->bytes) {
    return absl::DataLossError("the stored dataset's images have another size than its manifest");
  }
  return std::unique_ptr<DatasetReader>(
      new DatasetReader(*std::move(manifest), std::move(actual), std::move(mapped)));
}

absl::string_view DatasetReader::Encoded(int index) const {
  const DatasetEntry& entry = manifest_.entries[index];
  return images_->bytes().substr(entry.offset, entry.length);
}

absl::StatusOr<image::Image> DatasetReader::Decode(int index) const {
  const DatasetEntry& entry = manifest_.entries[index];
  const absl::string_view bytes = Encoded(index);
  if (Sha256Hex(bytes) != entry.sha256) {
    return absl::DataLossError(
        absl::StrCat(entry.name, ": the stored image is not the one that was uploaded"));
  }
  // What was accepted then is accepted now, at the same size, whatever the limits are today.
  image::ImageLimits limits;
  limits.max_bytes = entry.length;
  limits.max_side = std::numeric_limits<int>::max();
  limits.max_pixels = static_cast<uint64_t>(entry.width) * static_cast<uint64_t>(entry.height);
  absl::StatusOr<image::Image> image = image::DecodeImage(bytes, limits);
  if (!image.ok()) return Annotate(image.status(), entry.name);
  return image;
}

}  // namespace graft::data
