#ifndef GRAFT_CORE_IMAGE_EXIF_H_
#define GRAFT_CORE_IMAGE_EXIF_H_

#include "absl/strings/string_view.h"

namespace graft {

// The orientation tag (0x0112) of a TIFF structure as EXIF embeds it ("II*\0..." or "MM\0*..."), of
// whatever integer type: EXIF asks for a SHORT, programs write what they like. 1 where it is absent
// or the structure is broken.
int ExifOrientation(absl::string_view tiff);

}  // namespace graft

#endif  // GRAFT_CORE_IMAGE_EXIF_H_
