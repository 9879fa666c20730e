#ifndef GRAFT_TESTS_UNIT_CORE_DATA_MANIFEST_BUILDER_H_
#define GRAFT_TESTS_UNIT_CORE_DATA_MANIFEST_BUILDER_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/data/dataset_manifest.h"

namespace graft::data {

// Adds `count` images of 10 bytes to class `class_index`, each a picture of its own.
inline void AddEntries(DatasetManifest& manifest, int class_index, int count,
                       Split split = Split::kUnassigned) {
  for (int i = 0; i < count; ++i) {
    DatasetEntry entry;
    entry.name = absl::StrCat(manifest.classes[class_index], "/", SplitName(split), i, ".jpg");
    entry.class_index = class_index;
    entry.split = split;
    entry.offset = manifest.bytes;
    entry.length = 10;
    entry.sha256 = Sha256Hex(entry.name);
    entry.width = 4;
    entry.height = 3;
    manifest.bytes += entry.length;
    manifest.entries.push_back(entry);
  }
}

}  // namespace graft::data

#endif  // GRAFT_TESTS_UNIT_CORE_DATA_MANIFEST_BUILDER_H_
