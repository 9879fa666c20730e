#ifndef GRAFT_CORE_STORE_DATASET_H_
#define GRAFT_CORE_STORE_DATASET_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace graft::store {

// A validated, immutable set of examples. Plain data.
struct Dataset {
  std::string id;  // given by whoever creates it
  std::string project;
  std::string name;
  std::string digest;    // sha256 of the content; unique in its project
  std::string format;    // "image_folder"
  std::string headline;  // what it holds, in a few words
  // Opaque; can be megabytes. Empty in the answers of ListDatasets and DeleteDataset.
  std::string manifest;
  int64_t image_count = 0;
  int64_t bytes = 0;
  absl::Time create_time = absl::InfinitePast();  // given by the store
  // Of the archive that it came in; "" where that is unknown. Written, and not read back: the same
  // content may come in several.
  std::string archive_sha256;
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_DATASET_H_
