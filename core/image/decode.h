#ifndef GRAFT_CORE_IMAGE_DECODE_H_
#define GRAFT_CORE_IMAGE_DECODE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/image/image.h"
#include "core/image/probe.h"

namespace graft::image {

// Any picture ProbeImage accepts, as 8-bit RGB the way a person would see it: EXIF rotation
// applied, grey and palette expanded, transparency on white, 16 bits scaled to 8, CMYK converted
// (as Adobe stores it, inverted, where the file says so, otherwise as inks). INVALID_ARGUMENT says
// what is wrong: what ProbeImage says, "truncated JPEG", "truncated PNG", "damaged PNG (checksum
// differs)". Files that break their format's rules without a pixel's loss are good.
// RESOURCE_EXHAUSTED: out of memory, which is nobody's damage. Safe for concurrent use.
absl::StatusOr<Image> DecodeImage(absl::string_view bytes, const ImageLimits& limits = {});

// The same of what ProbeImage has said of these bytes; its reduction may have been raised where the
// picture is reducible.
absl::StatusOr<Image> DecodeProbed(absl::string_view bytes, const ImageInfo& info);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_DECODE_H_
