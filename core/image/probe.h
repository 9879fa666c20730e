#ifndef GRAFT_CORE_IMAGE_PROBE_H_
#define GRAFT_CORE_IMAGE_PROBE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::image {

enum class ImageFormat { kJpeg, kPng, kWebp, kBmp };

absl::string_view ImageFormatName(ImageFormat format);  // "JPEG"

// Checked against the header, before anything of the picture's size is allocated.
struct ImageLimits {
  uint64_t max_bytes = 64 << 20;  // of the encoded file
  int max_side = 32768;           // pixels, as stored
  // As decoded. A JPEG in one scan that has more is decoded at 1/2, 1/4 or 1/8 of its sides, so
  // that what a telephone of 200 megapixels takes is no more memory than this.
  uint64_t max_pixels = 64'000'000;
};

struct ImageInfo {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0;  // as stored, before EXIF rotation
  int height = 0;
  int orientation = 1;     // EXIF, 1 to 8; 1 where there is none or it makes no sense
  bool reducible = false;  // can be decoded at a fraction of its size, with that much less memory
  int reduction = 1;       // 1, 2, 4 or 8: how many times smaller the sides are to come out

  // As it is looked at, before it is reduced.
  int upright_width() const { return orientation >= 5 ? height : width; }
  int upright_height() const { return orientation >= 5 ? width : height; }

  // Of the picture to come out, before EXIF rotation.
  int decoded_width() const { return (width + reduction - 1) / reduction; }
  int decoded_height() const { return (height + reduction - 1) / reduction; }
};

// Reads the header only. INVALID_ARGUMENT: empty, not an image, a kind graft does not read (SVG,
// HEIC, TIFF, GIF, ... by name), no or a broken header, or larger than the limits. What is no image
// is called what it looks like.
absl::StatusOr<ImageInfo> ProbeImage(absl::string_view bytes, const ImageLimits& limits = {});

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_PROBE_H_
