#ifndef GRAFT_CORE_IMAGE_PNG_H_
#define GRAFT_CORE_IMAGE_PNG_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/image/probe.h"

namespace graft {

// Width, height and eXIf orientation of a PNG. INVALID_ARGUMENT: no proper IHDR.
absl::StatusOr<ImageInfo> ReadPngHeader(absl::string_view bytes);

// Whether every chunk up to IEND is there and has the CRC it says: libpng, as OpenCV drives it,
// fills in grey where data is missing. INVALID_ARGUMENT: truncated, or a bad CRC.
absl::Status CheckPng(absl::string_view bytes);

}  // namespace graft

#endif  // GRAFT_CORE_IMAGE_PNG_H_
