#ifndef GRAFT_CORE_IMAGE_EXIF_H_
#define GRAFT_CORE_IMAGE_EXIF_H_

#include "absl/strings/string_view.h"

namespace graft::image {

// The orientation tag (0x0112) of a TIFF structure as EXIF embeds it ("II*\0..." or "MM\0*..."), of
// whatever integer type: EXIF asks for a SHORT, programs write what they like. The "Exif\0\0" that
// belongs in front of it in a JPEG, and that some put into PNG and WebP too, may be there. 1 where
// the tag is absent or the structure is broken.
int ExifOrientation(absl::string_view exif);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_EXIF_H_
