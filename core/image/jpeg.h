#ifndef GRAFT_CORE_IMAGE_JPEG_H_
#define GRAFT_CORE_IMAGE_JPEG_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/image/image.h"
#include "core/image/probe.h"

namespace graft {

// Size and EXIF orientation of a JPEG. INVALID_ARGUMENT: no proper header.
absl::StatusOr<ImageInfo> ReadJpegHeader(absl::string_view bytes);

// Decodes with libjpeg-turbo, whose warnings (data that ends early, damaged entropy codes) are
// errors here: OpenCV shows a grey rest instead. Grey, YCbCr, RGB, CMYK and YCCK, baseline and
// progressive. The size must have been checked. Not rotated.
absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes);

}  // namespace graft

#endif  // GRAFT_CORE_IMAGE_JPEG_H_
