#include "client/cli/text.h"

#include <algorithm>
#include <cstdint>

namespace graft::cli {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the UTF-8 character that `text` begins with, and which one it is; 0 where it is none.
size_t Decode(absl::string_view text, uint32_t* character) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  *character = length == 1 ? first : first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
    *character = (*character << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  return length;
}

bool IsHarmful(uint32_t character) {
  // C0 and, which some terminals obey as well, C1.
  if (character < 0x20 || (character >= 0x7F && character <= 0x9F)) return true;
  if (character == 0x2028 || character == 0x2029) return true;  // ends of line and paragraph
  return (character >= 0x202A && character <= 0x202E) ||        // embeddings and overrides
         (character >= 0x2066 && character <= 0x2069);          // isolates
}

std::string Clean(absl::string_view text, bool one_line) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    uint32_t character = 0;
    const size_t length = Decode(text, &character);
    const bool kept = !one_line && (character == '\n' || character == '\t');
    if (length == 0 || (IsHarmful(character) && !kept)) {
      clean += '?';
    } else {
      clean.append(text.data(), length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

}  // namespace

std::string Printable(absl::string_view text) { return Clean(text, false); }

std::string PrintableLine(absl::string_view text) { return Clean(text, true); }

size_t Width(absl::string_view text) {
  return text.size() -
         static_cast<size_t>(std::count_if(text.begin(), text.end(), &IsContinuation));
}

absl::string_view CutTo(absl::string_view text, size_t width) {
  size_t bytes = 0;
  for (; bytes < text.size(); ++bytes) {
    if (IsContinuation(text[bytes])) continue;
    if (width == 0) break;
    --width;
  }
  return text.substr(0, bytes);
}

}  // namespace graft::cli
