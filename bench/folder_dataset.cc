#include "bench/folder_dataset.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/sampler.h"
#include "core/image/probe.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Sorted(const fs::path& folder, bool folders) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() == folders && entry.path().filename().string()[0] != '.') {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

absl::StatusOr<std::unique_ptr<data::DatasetReader>> OpenFolder(const fs::path& folder,
                                                                const fs::path& scratch, int folds,
                                                                int fold, uint64_t seed) {
  data::DatasetManifest manifest;
  const fs::path images = scratch / absl::StrCat("images-", fold, ".bin");
  std::ofstream out(images, std::ios::binary);
  for (const fs::path& class_folder : Sorted(folder, true)) {
    const int label = static_cast<int>(manifest.classes.size());
    manifest.classes.push_back(class_folder.filename().string());
    const std::vector<fs::path> files = Sorted(class_folder, false);
    const std::vector<int> order =
        data::EpochOrder(static_cast<int>(files.size()), seed, /*epoch=*/label);
    for (size_t i = 0; i < files.size(); ++i) {
      GRAFT_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(files[i], uint64_t{1} << 28));
      GRAFT_ASSIGN_OR_RETURN(const image::ImageInfo info, image::ProbeImage(bytes));
      data::DatasetEntry entry;
      entry.name = absl::StrCat(manifest.classes.back(), "/", files[i].filename().string());
      entry.class_index = label;
      entry.split = order[i] % folds == fold ? data::Split::kTest : data::Split::kTrain;
      entry.offset = manifest.bytes;
      entry.length = bytes.size();
      entry.sha256 = Sha256Hex(bytes);
      entry.width = info.width;
      entry.height = info.height;
      out << bytes;
      manifest.bytes += bytes.size();
      manifest.entries.push_back(std::move(entry));
    }
  }
  out.close();
  if (!out) return absl::InternalError("cannot write the images");
  return data::DatasetReader::Open(images, data::DatasetManifestToJson(manifest));
}

}  // namespace graft
