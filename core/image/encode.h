#ifndef GRAFT_CORE_IMAGE_ENCODE_H_
#define GRAFT_CORE_IMAGE_ENCODE_H_

#include <string>

#include "absl/status/statusor.h"

#include "core/image/image.h"

namespace graft::image {

// INVALID_ARGUMENT for an image without pixels.
absl::StatusOr<std::string> EncodePng(const Image& image);
// `quality`: 1 to 100.
absl::StatusOr<std::string> EncodeJpeg(const Image& image, int quality = 92);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_ENCODE_H_
