#include "core/image/bmp.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace graft::image {
namespace {

constexpr size_t kShortestHeader = 54;  // with the file's header in front
constexpr uint32_t kRgb = 0, kBitFields = 3;
// Headers from this size on hold four masks, of which OpenCV makes use.
constexpr uint32_t kHeaderWithAlpha = 56;
constexpr size_t kMasks = 54;  // within a longer header, or behind the shortest

uint32_t Read(absl::string_view bytes, size_t at, int size) {
  uint32_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

uint32_t HeaderSize(absl::string_view bytes) { return Read(bytes, 14, 4); }
uint32_t Bits(absl::string_view bytes) { return Read(bytes, 28, 2); }
uint32_t Compression(absl::string_view bytes) { return Read(bytes, 30, 4); }

// OpenCV takes whole bytes, in any order; from a short header it takes no masks at all.
absl::Status CheckMasks(absl::string_view bytes) {
  if (bytes.size() < kMasks + 12) return absl::InvalidArgumentError("truncated BMP");
  constexpr uint32_t kUsual[] = {0xFF0000, 0xFF00, 0xFF};
  uint32_t all = 0;
  bool usual = true;
  for (size_t i = 0; i < 3; ++i) {
    const uint32_t mask = Read(bytes, kMasks + 4 * i, 4);
    usual = usual && mask == kUsual[i];
    const bool whole = mask == 0xFF || mask == 0xFF00 || mask == 0xFF0000 || mask == 0xFF000000;
    if (!whole || (all & mask) != 0) all = UINT32_MAX;
    all |= mask;
  }
  if (usual || (HeaderSize(bytes) >= kHeaderWithAlpha && all != UINT32_MAX)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "a BMP with unusual colour masks is not supported: convert it to JPEG, PNG or WebP");
}

}  // namespace

absl::StatusOr<ImageInfo> ReadBmpHeader(absl::string_view bytes) {
  if (bytes.size() < kShortestHeader) return absl::InvalidArgumentError("truncated BMP");
  if (HeaderSize(bytes) < 40) {
    return absl::InvalidArgumentError(
        "an OS/2 BMP is not supported: convert it to JPEG, PNG, WebP or BMP");
  }
  ImageInfo info;
  info.format = ImageFormat::kBmp;
  info.width = static_cast<int>(Read(bytes, 18, 4));
  // Negative: rows run top to bottom.
  const int64_t height = static_cast<int32_t>(Read(bytes, 22, 4));
  info.height = static_cast<int>(std::min<int64_t>(std::llabs(height), INT32_MAX));
  return info;
}

absl::Status CheckBmp(absl::string_view bytes, const ImageInfo& info) {
  const uint32_t compression = Compression(bytes);
  if (compression != kRgb && compression != kBitFields) return absl::OkStatus();
  const uint64_t offset = Read(bytes, 10, 4);
  const uint64_t stride = (static_cast<uint64_t>(info.width) * Bits(bytes) + 31) / 32 * 4;
  if (offset + stride * static_cast<uint64_t>(info.height) > bytes.size()) {
    return absl::InvalidArgumentError("truncated BMP");
  }
  if (compression == kBitFields && Bits(bytes) == 32) return CheckMasks(bytes);
  return absl::OkStatus();
}

bool HasAlpha(absl::string_view bytes) {
  return HeaderSize(bytes) >= kHeaderWithAlpha && bytes.size() >= kMasks + 16 &&
         Read(bytes, kMasks + 12, 4) != 0;
}

}  // namespace graft::image
