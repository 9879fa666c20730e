#include "core/image/exif.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/strip.h"

namespace graft::image {
namespace {

// Types of a TIFF field (TIFF 6.0, section 2).
enum : uint32_t {
  kByte = 1,
  kShort = 3,
  kLong = 4,
  kSignedByte = 6,
  kUndefined = 7,
  kSignedShort = 8,
  kSignedLong = 9,
};

// Bytes of one value; of a type that is no integer, those of the SHORT that EXIF asks for here.
size_t SizeOf(uint32_t type) {
  switch (type) {
    case kByte:
    case kSignedByte:
    case kUndefined:
      return 1;
    case kLong:
    case kSignedLong:
      return 4;
    case kShort:
    case kSignedShort:
    default:
      return 2;
  }
}

class TiffReader {
 public:
  TiffReader(absl::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  // Nothing behind the end.
  std::optional<uint32_t> Read(size_t at, size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t byte = big_endian_ ? at + i : at + size - 1 - i;
      value = value << 8 | static_cast<uint8_t>(bytes_[byte]);
    }
    return value;
  }

  // The first value of the field at `entry`, which is in it where all its values fit four bytes.
  std::optional<uint32_t> FirstValue(size_t entry) const {
    const std::optional<uint32_t> type = Read(entry + 2, 2);
    const std::optional<uint32_t> count = Read(entry + 4, 4);
    if (!type.has_value() || !count.has_value()) return std::nullopt;
    const size_t size = SizeOf(*type);
    if (uint64_t{*count} * size <= 4) return Read(entry + 8, size);
    const std::optional<uint32_t> where = Read(entry + 8, 4);
    return where.has_value() ? Read(*where, size) : std::nullopt;
  }

 private:
  const absl::string_view bytes_;
  const bool big_endian_;
};

}  // namespace

int ExifOrientation(absl::string_view exif) {
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr int kNone = 1;
  const absl::string_view tiff = absl::StripPrefix(exif, absl::string_view("Exif\0\0", 6));
  if (tiff.size() < 8 || (tiff.substr(0, 2) != "II" && tiff.substr(0, 2) != "MM")) return kNone;
  const TiffReader reader(tiff, tiff[0] == 'M');
  const std::optional<uint32_t> directory = reader.Read(4, 4);
  const std::optional<uint32_t> entries = reader.Read(directory.value_or(UINT32_MAX), 2);
  for (uint32_t i = 0; i < entries.value_or(0); ++i) {
    const size_t entry = size_t{*directory} + 2 + size_t{12} * i;
    const std::optional<uint32_t> tag = reader.Read(entry, 2);
    if (!tag.has_value()) return kNone;
    if (*tag != kOrientationTag) continue;
    const uint32_t value = reader.FirstValue(entry).value_or(0);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : kNone;
  }
  return kNone;
}

}  // namespace graft::image
