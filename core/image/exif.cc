#include "core/image/exif.h"

#include <cstdint>

namespace graft {
namespace {

class TiffReader {
 public:
  TiffReader(absl::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  // False behind the end.
  bool Read16(size_t at, uint32_t* value) const { return Read(at, 2, value); }
  bool Read32(size_t at, uint32_t* value) const { return Read(at, 4, value); }

 private:
  bool Read(size_t at, size_t size, uint32_t* value) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return false;
    *value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t byte = big_endian_ ? at + i : at + size - 1 - i;
      *value = *value << 8 | static_cast<uint8_t>(bytes_[byte]);
    }
    return true;
  }

  const absl::string_view bytes_;
  const bool big_endian_;
};

}  // namespace

int ExifOrientation(absl::string_view tiff) {
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr int kNone = 1;
  if (tiff.size() < 8 || (tiff.substr(0, 2) != "II" && tiff.substr(0, 2) != "MM")) return kNone;
  const TiffReader reader(tiff, tiff[0] == 'M');
  uint32_t directory = 0;
  uint32_t entries = 0;
  if (!reader.Read32(4, &directory) || !reader.Read16(directory, &entries)) return kNone;
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = size_t{directory} + 2 + size_t{12} * i;
    uint32_t tag = 0;
    uint32_t value = 0;
    if (!reader.Read16(entry, &tag) || !reader.Read16(entry + 8, &value)) return kNone;
    if (tag == kOrientationTag) return value >= 1 && value <= 8 ? static_cast<int>(value) : kNone;
  }
  return kNone;
}

}  // namespace graft
