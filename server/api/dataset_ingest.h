#ifndef GRAFT_SERVER_API_DATASET_INGEST_H_
#define GRAFT_SERVER_API_DATASET_INGEST_H_

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "graft/v1/dataset.pb.h"

#include "core/base/disk_reserve.h"
#include "server/api/upload_session.h"
#include "server/config/config.h"

namespace graft::server {

// What an archive turned out to hold.
struct IngestedDataset {
  // digest, summary, images, bytes, splits, skipped and warnings; the rest is the service's.
  v1::Dataset description;
  std::string format;  // "image_folder", "labels" or "numbers"
  // Names below the dataset's blob prefix, and the files (in the scratch folder) to put there.
  std::vector<std::pair<std::string, std::filesystem::path>> files;
};

// Unpacks, checks and decodes an archive, writing into `scratch`, a folder of this upload's own.
// Blocks for as long as it takes; gives up (CANCELLED) when archive.abandoned(). INVALID_ARGUMENT
// names what is wrong inside the archive.
using IngestArchive = std::function<absl::StatusOr<IngestedDataset>(
    const ReceivedArchive& archive, const std::filesystem::path& scratch)>;

// The one for archives of photographs in folders named after their classes, or with a manifest
// (core/data/ingest.h), within the limits of `config`. Makes images.bin and manifest.json.
// `free_disk_bytes` tells how much room the disk of the scratch folder has.
IngestArchive MakeImageFolderIngest(const ServerConfig& config,
                                    FreeDiskFunction free_disk_bytes = FreeDiskBytes);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_DATASET_INGEST_H_
