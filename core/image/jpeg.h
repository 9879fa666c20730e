#ifndef GRAFT_CORE_IMAGE_JPEG_H_
#define GRAFT_CORE_IMAGE_JPEG_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/image/image.h"
#include "core/image/probe.h"

namespace graft::image {

// Size, EXIF orientation and whether it is in one scan. INVALID_ARGUMENT: no proper header.
absl::StatusOr<ImageInfo> ReadJpegHeader(absl::string_view bytes);

// Decodes with libjpeg-turbo, whose warnings are errors here where they mean that pixels are made
// up (jpeg_warnings.h): OpenCV shows a grey rest instead. Grey, YCbCr, RGB, CMYK and YCCK, baseline
// and progressive. `reduction` is 1, 2, 4 or 8: each side comes out that many times smaller,
// rounded up, at that much less memory. The size must have been checked. Not rotated.
absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes, int reduction);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_JPEG_H_
