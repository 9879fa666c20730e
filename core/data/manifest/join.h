#ifndef GRAFT_CORE_DATA_MANIFEST_JOIN_H_
#define GRAFT_CORE_DATA_MANIFEST_JOIN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "core/data/dataset_manifest.h"
#include "core/data/left_out.h"
#include "core/data/manifest/manifest.h"

namespace graft::data {

// Gives the images of an archive what a manifest says of them. `name` is the manifest's in its
// archive or beside it; its paths are taken from the folder of that name, else from the root. Of
// `dataset` the entries are there, sorted by name; the rest is filled in. Images without a row go
// to `left_out`, and rows of images in left_out.broken() are dropped; `dropped` counts them.
// INVALID_ARGUMENT: rows whose files are not in the archive, with their lines; a label all of whose
// images are broken.
absl::Status JoinManifest(const Manifest& manifest, absl::string_view name, LeftOut& left_out,
                          DatasetManifest& dataset, int64_t& dropped);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_JOIN_H_
