#ifndef GRAFT_CORE_BACKBONES_WEIGHTS_SCAN_H_
#define GRAFT_CORE_BACKBONES_WEIGHTS_SCAN_H_

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

#include "core/artifacts/safetensors/safetensors.h"

namespace graft::backbones {

// What a weights file holds, as one reading of it shows.
struct WeightsScan {
  std::string sha256;      // of the file
  std::string not_finite;  // the first tensor that holds NaN or infinity; "" where none does
};

// Reads the file at `path` once, from its first byte to its last, through a buffer of 1 MiB: of the
// memory map that `file` is, no page comes in. DATA_LOSS where it cannot be read or is no longer of
// the size that was mapped.
absl::StatusOr<WeightsScan> ScanWeights(const artifacts::SafetensorsFile& file,
                                        const std::filesystem::path& path);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_WEIGHTS_SCAN_H_
