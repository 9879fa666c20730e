#ifndef GRAFT_CORE_IMAGE_BMP_H_
#define GRAFT_CORE_IMAGE_BMP_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/image/probe.h"

namespace graft::image {

// Size of a BMP. INVALID_ARGUMENT: no proper header, or one of OS/2.
absl::StatusOr<ImageInfo> ReadBmpHeader(absl::string_view bytes);

// Whether OpenCV will read the pixels as they were meant; `info` is what ReadBmpHeader gave.
// INVALID_ARGUMENT: shorter than its rows, where OpenCV would leave the rest as it was in memory,
// or colour masks that it ignores.
absl::Status CheckBmp(absl::string_view bytes, const ImageInfo& info);

// Whether the fourth byte of a pixel of 32 bits is its alpha: only where the header has a mask for
// it. In all other files it is nothing, and often 0.
bool HasAlpha(absl::string_view bytes);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_BMP_H_
