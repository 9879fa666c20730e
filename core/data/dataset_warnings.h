#ifndef GRAFT_CORE_DATA_DATASET_WARNINGS_H_
#define GRAFT_CORE_DATA_DATASET_WARNINGS_H_

#include "core/data/dataset_manifest.h"

namespace graft::data {

// Adds to manifest.warnings what its uploader may want to know: classes with few images, or far
// fewer than others, the same picture with two targets. A bounded number of each.
void WarnOfDataset(DatasetManifest& manifest);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_DATASET_WARNINGS_H_
