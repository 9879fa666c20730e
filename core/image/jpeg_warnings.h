#ifndef GRAFT_CORE_IMAGE_JPEG_WARNINGS_H_
#define GRAFT_CORE_IMAGE_JPEG_WARNINGS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace graft::image {

// What one of libjpeg's warnings (JWRN_... of jerror.h) says of the pixels. libjpeg goes on after
// each; what it then shows is whole, or partly made up.
enum class JpegWarning {
  kHarmless,   // every pixel is what was taken
  kEndsEarly,  // the file ends without its end marker; whether pixels miss, others tell
  kLeftOver,   // bytes that belong to nothing; IsHarmlessSkip tells
  kDamage,     // some pixels are made up
};

// Of a message code. One that is not known is damage.
JpegWarning ClassifyJpegWarning(int code);

// The bytes that libjpeg passed over on its way to a marker.
struct SkippedJpegBytes {
  absl::string_view bytes;
  bool before_first_scan = false;  // among the headers
  bool before_end = false;         // the marker is the end of the image
  size_t file_bytes = 0;
};

// Whether they can be there with all pixels right. Padding may be anywhere. Behind the last row
// encoders leave more: rows beyond the height, a word of their own. But data that is damaged can
// decode to other pixels from fewer bits, so that much of it is left over.
bool IsHarmlessSkip(const SkippedJpegBytes& skipped);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_JPEG_WARNINGS_H_
