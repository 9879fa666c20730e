#include "core/image/png.h"

#include <cstdint>
#include <optional>
#include <zlib.h>

#include "core/image/exif.h"

namespace graft {
namespace {

constexpr size_t kSignature = 8;

uint32_t BigEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

struct Chunk {
  absl::string_view type;
  absl::string_view data;
  absl::string_view typed_data;  // what the CRC covers
  uint32_t crc = 0;
};

// Takes the next chunk off `rest`; nothing where it is cut short.
std::optional<Chunk> NextChunk(absl::string_view* rest) {
  if (rest->size() < 12) return std::nullopt;
  const uint64_t length = BigEndian32(*rest);
  if (length > rest->size() - 12) return std::nullopt;
  Chunk chunk;
  chunk.typed_data = rest->substr(4, 4 + length);
  chunk.type = chunk.typed_data.substr(0, 4);
  chunk.data = chunk.typed_data.substr(4);
  chunk.crc = BigEndian32(rest->substr(8 + length, 4));
  rest->remove_prefix(12 + length);
  return chunk;
}

}  // namespace

absl::StatusOr<ImageInfo> ReadPngHeader(absl::string_view bytes) {
  absl::string_view rest = bytes.substr(kSignature);
  const std::optional<Chunk> header = NextChunk(&rest);
  if (!header.has_value() || header->type != "IHDR" || header->data.size() != 13) {
    return absl::InvalidArgumentError("broken PNG (no header)");
  }
  ImageInfo info;
  info.format = ImageFormat::kPng;
  const uint32_t width = BigEndian32(header->data);
  const uint32_t height = BigEndian32(header->data.substr(4));
  if (width > INT32_MAX || height > INT32_MAX) {
    return absl::InvalidArgumentError("broken PNG (impossible size)");
  }
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  while (const std::optional<Chunk> chunk = NextChunk(&rest)) {
    if (chunk->type == "eXIf") info.orientation = ExifOrientation(chunk->data);
    if (chunk->type == "IEND") break;
  }
  return info;
}

absl::StatusOr<std::string> EssentialPng(absl::string_view bytes) {
  std::string essential(bytes.substr(0, kSignature));
  absl::string_view rest = bytes.substr(kSignature);
  while (!rest.empty()) {
    const absl::string_view before = rest;
    const std::optional<Chunk> chunk = NextChunk(&rest);
    if (!chunk.has_value()) break;
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(chunk->typed_data.data()),
                              chunk->typed_data.size());
    if (crc != chunk->crc) return absl::InvalidArgumentError("damaged PNG (checksum differs)");
    for (const absl::string_view kept : {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}) {
      if (chunk->type == kept) {
        const absl::string_view whole = before.substr(0, before.size() - rest.size());
        essential.append(whole.data(), whole.size());
      }
    }
    if (chunk->type == "IEND") return essential;
  }
  return absl::InvalidArgumentError("truncated PNG");
}

std::optional<uint16_t> TransparentGrey(absl::string_view bytes) {
  constexpr char kGrey = 0;
  absl::string_view rest = bytes.substr(kSignature);
  const std::optional<Chunk> header = NextChunk(&rest);
  if (!header.has_value() || header->data.size() != 13 || header->data[9] != kGrey) return {};
  while (const std::optional<Chunk> chunk = NextChunk(&rest)) {
    if (chunk->type != "tRNS" || chunk->data.size() != 2) continue;
    const int depth = static_cast<uint8_t>(header->data[8]);
    if (depth == 0) return {};  // no PNG at all, as the decoder will find
    const int shade =
        static_cast<uint8_t>(chunk->data[0]) << 8 | static_cast<uint8_t>(chunk->data[1]);
    // Shades of fewer bits are spread over 0 to 255.
    return static_cast<uint16_t>(depth >= 8 ? shade : shade * 255 / ((1 << depth) - 1));
  }
  return {};
}

}  // namespace graft
