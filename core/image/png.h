#ifndef GRAFT_CORE_IMAGE_PNG_H_
#define GRAFT_CORE_IMAGE_PNG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/image/probe.h"

namespace graft::image {

// Width, height and eXIf orientation of a PNG. INVALID_ARGUMENT: no proper IHDR.
absl::StatusOr<ImageInfo> ReadPngHeader(absl::string_view bytes);

// The chunks that make the picture (IHDR, PLTE, tRNS, IDAT, IEND), each found with the CRC it says:
// libpng, as OpenCV drives it, fills in grey where data is missing. All others are left out,
// whatever their CRC: OpenCV applies no profiles, libpng complains of many on standard error, and a
// compressed text can be a bomb. An IEND that is missing is put there if all pixels are.
// INVALID_ARGUMENT: truncated, or a bad CRC.
absl::StatusOr<std::string> EssentialPng(absl::string_view bytes);

// The shade that a grey PNG declares transparent, in the depth OpenCV gives (8 or 16 bits), which
// passes over it. `bytes`: what EssentialPng gave.
std::optional<uint16_t> TransparentGrey(absl::string_view bytes);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_PNG_H_
