#include "core/data/unicode.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include <utf8proc.h>

#include "absl/strings/ascii.h"

namespace graft::data {
namespace {

std::string Map(absl::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (size < 0) return std::string(text);  // not UTF-8, which callers have excluded
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

// Whether a compatibility decomposition (Unicode Standard Annex 44, table 14) only changes how a
// character looks, and not what it says.
bool LooksAlone(int decomposition_type) {
  switch (decomposition_type) {
    case UTF8PROC_DECOMP_TYPE_FONT:
    case UTF8PROC_DECOMP_TYPE_INITIAL:
    case UTF8PROC_DECOMP_TYPE_MEDIAL:
    case UTF8PROC_DECOMP_TYPE_FINAL:
    case UTF8PROC_DECOMP_TYPE_ISOLATED:
    case UTF8PROC_DECOMP_TYPE_VERTICAL:
    case UTF8PROC_DECOMP_TYPE_WIDE:
    case UTF8PROC_DECOMP_TYPE_NARROW:
    case UTF8PROC_DECOMP_TYPE_SMALL:
    case UTF8PROC_DECOMP_TYPE_COMPAT:
      return true;
    default:
      return false;
  }
}

// Each character whose form alone is special, as the plain ones it stands for.
std::string PlainForms(absl::string_view text) {
  constexpr utf8proc_ssize_t kLongest = 32;  // no decomposition has more than 18 characters
  constexpr auto kCompatible = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  std::string plain;
  const auto append = [&](utf8proc_int32_t point) {
    utf8proc_uint8_t bytes[4];
    plain.append(reinterpret_cast<const char*>(bytes),
                 static_cast<size_t>(utf8proc_encode_char(point, bytes)));
  };
  while (!text.empty()) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                         static_cast<utf8proc_ssize_t>(text.size()), &point);
    if (size <= 0) break;  // not UTF-8, which callers have excluded
    text.remove_prefix(static_cast<size_t>(size));
    utf8proc_int32_t points[kLongest];
    utf8proc_ssize_t count = 0;
    if (LooksAlone(utf8proc_get_property(point)->decomp_type)) {
      int boundary = 0;
      count = utf8proc_decompose_char(point, points, kLongest, kCompatible, &boundary);
    }
    if (count < 1 || count > kLongest) {
      append(point);
    } else {
      std::for_each(points, points + count, append);
    }
  }
  return plain;
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const int length = lead < 0x80   ? 1
                       : lead < 0xC2 ? 0
                       : lead < 0xE0 ? 2
                       : lead < 0xF0 ? 3
                       : lead < 0xF5 ? 4
                                     : 0;
    if (length == 0 || text.size() - i < static_cast<size_t>(length)) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7F >> length);
    for (int k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + static_cast<size_t>(k)]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3F);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    i += static_cast<size_t>(length);
  }
  return true;
}

std::string ToNfc(absl::string_view text) {
  if (IsAscii(text)) return std::string(text);
  return Map(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::string FoldName(absl::string_view text) {
  std::string folded =
      IsAscii(text) ? absl::AsciiStrToLower(text)
                    : Map(PlainForms(text), UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD |
                                                UTF8PROC_IGNORE | UTF8PROC_LUMP);
  absl::RemoveExtraAsciiWhitespace(&folded);
  folded.erase(folded.find_last_not_of(". ") + 1);
  return folded;
}

}  // namespace graft::data
