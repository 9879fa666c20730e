#include "core/image/probe.h"

#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/image/bmp.h"
#include "core/image/exif.h"
#include "core/image/foreign_content.h"
#include "core/image/jpeg.h"
#include "core/image/png.h"

namespace graft::image {
namespace {

constexpr int kMaxReduction = 8;  // libjpeg's

uint32_t LittleEndian(absl::string_view bytes, size_t at, int size) {
  uint32_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

absl::Status Unsupported(absl::string_view kind) {
  return absl::InvalidArgumentError(
      absl::StrCat(kind, " is not supported: convert it to JPEG, PNG, WebP or BMP"));
}

// The three kinds of WebP: extended (VP8X), lossy (VP8) and lossless (VP8L).
absl::StatusOr<ImageInfo> ReadWebpHeader(absl::string_view bytes) {
  if (bytes.size() < 30 || LittleEndian(bytes, 4, 4) + uint64_t{8} > bytes.size()) {
    return absl::InvalidArgumentError("truncated WebP");
  }
  ImageInfo info;
  info.format = ImageFormat::kWebp;
  const absl::string_view kind = bytes.substr(12, 4);
  if (kind == "VP8X") {
    constexpr uint8_t kAnimation = 0x02;
    if (static_cast<uint8_t>(bytes[20]) & kAnimation) return Unsupported("an animated WebP");
    info.width = static_cast<int>(LittleEndian(bytes, 24, 3)) + 1;
    info.height = static_cast<int>(LittleEndian(bytes, 27, 3)) + 1;
  } else if (kind == "VP8L") {
    const uint32_t bits = LittleEndian(bytes, 21, 4);
    info.width = static_cast<int>(bits & 0x3FFF) + 1;
    info.height = static_cast<int>(bits >> 14 & 0x3FFF) + 1;
  } else if (kind == "VP8 ") {
    info.width = static_cast<int>(LittleEndian(bytes, 26, 2) & 0x3FFF);
    info.height = static_cast<int>(LittleEndian(bytes, 28, 2) & 0x3FFF);
  } else {
    return absl::InvalidArgumentError("broken WebP (unknown kind)");
  }
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const uint64_t length = LittleEndian(bytes, at + 4, 4);
    if (length > bytes.size() - at - 8) break;
    if (bytes.substr(at, 4) == "EXIF") {
      info.orientation = ExifOrientation(bytes.substr(at + 8, length));
    }
    at += 8 + length + length % 2;
  }
  return info;
}

absl::StatusOr<ImageInfo> ReadHeader(absl::string_view bytes) {
  const auto starts = [&](absl::string_view magic, size_t at = 0) {
    return bytes.size() >= at + magic.size() && bytes.substr(at, magic.size()) == magic;
  };
  if (starts("\xFF\xD8\xFF")) return ReadJpegHeader(bytes);
  if (starts("\x89PNG\r\n\x1A\n")) return ReadPngHeader(bytes);
  if (starts("RIFF") && starts("WEBP", 8)) return ReadWebpHeader(bytes);
  if (starts("BM")) return ReadBmpHeader(bytes);
  const std::string kind = ForeignImage(bytes);
  if (!kind.empty()) return Unsupported(kind);
  const std::string other = ForeignContent(bytes);
  return absl::InvalidArgumentError(absl::StrCat("not an image (JPEG, PNG, WebP or BMP)",
                                                 other.empty() ? "" : ": it is ", other));
}

}  // namespace

absl::string_view ImageFormatName(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kBmp:
      return "BMP";
  }
  return "image";
}

absl::StatusOr<ImageInfo> ProbeImage(absl::string_view bytes, const ImageLimits& limits) {
  if (bytes.empty()) return absl::InvalidArgumentError("the image is empty");
  if (bytes.size() > limits.max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the image has ", bytes.size(), " bytes, at most ", limits.max_bytes, " are allowed"));
  }
  GRAFT_ASSIGN_OR_RETURN(ImageInfo info, ReadHeader(bytes));
  if (info.width < 1 || info.height < 1) {
    return absl::InvalidArgumentError("the image has no pixels");
  }
  const auto pixels = [&] {
    return static_cast<uint64_t>(info.decoded_width()) *
           static_cast<uint64_t>(info.decoded_height());
  };
  while (info.reducible && info.reduction < kMaxReduction && pixels() > limits.max_pixels) {
    info.reduction *= 2;
  }
  if (info.width > limits.max_side || info.height > limits.max_side ||
      pixels() > limits.max_pixels) {
    return absl::InvalidArgumentError(
        absl::StrCat("the image is ", info.width, " x ", info.height, " pixels; at most ",
                     limits.max_pixels, " in all and ", limits.max_side, " a side are allowed"));
  }
  return info;
}

}  // namespace graft::image
