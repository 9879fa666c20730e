#include "core/image/png.h"

#include <cstdint>
#include <optional>
#include <string>
#include <zlib.h>

#include "core/image/exif.h"

namespace graft::image {
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

bool HasItsCrc(const Chunk& chunk) {
  return chunk.crc == crc32_z(0, reinterpret_cast<const Bytef*>(chunk.typed_data.data()),
                              chunk.typed_data.size());
}

// IEND, which is the same in all files.
constexpr absl::string_view kEnd("\0\0\0\0IEND\xAE\x42\x60\x82", 12);

// Whether the compressed pixels come to their end, of a PNG that is cut behind some chunk.
bool HasAllPixels(absl::string_view bytes) {
  z_stream zlib{};
  if (inflateInit(&zlib) != Z_OK) return false;
  int result = Z_OK;
  absl::string_view rest = bytes.substr(kSignature);
  std::string out(size_t{64} << 10, '\0');
  while (const std::optional<Chunk> chunk = NextChunk(&rest)) {
    if (chunk->type != "IDAT") continue;
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk->data.data()));
    zlib.avail_in = static_cast<uInt>(chunk->data.size());
    while (result == Z_OK && zlib.avail_in > 0) {
      zlib.next_out = reinterpret_cast<Bytef*>(out.data());
      zlib.avail_out = static_cast<uInt>(out.size());
      result = inflate(&zlib, Z_NO_FLUSH);
    }
  }
  inflateEnd(&zlib);
  return result == Z_STREAM_END;
}

}  // namespace

absl::StatusOr<ImageInfo> ReadPngHeader(absl::string_view bytes) {
  absl::string_view rest = bytes.substr(kSignature);
  const std::optional<Chunk> header = NextChunk(&rest);
  if (header.has_value() && header->type == "CgBI") {
    return absl::InvalidArgumentError(
        "a PNG of Apple's own kind, as Xcode packs it, is not supported: convert it to a usual "
        "PNG");
  }
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
    if (chunk->type == "eXIf" && HasItsCrc(*chunk)) info.orientation = ExifOrientation(chunk->data);
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
    for (const absl::string_view kept : {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}) {
      if (chunk->type != kept) continue;
      if (!HasItsCrc(*chunk)) return absl::InvalidArgumentError("damaged PNG (checksum differs)");
      const absl::string_view whole = before.substr(0, before.size() - rest.size());
      essential.append(whole.data(), whole.size());
    }
    if (chunk->type == "IEND") return essential;
  }
  if (!HasAllPixels(essential)) return absl::InvalidArgumentError("truncated PNG");
  essential.append(kEnd.data(), kEnd.size());
  return essential;
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

}  // namespace graft::image
