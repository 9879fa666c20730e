#include "core/data/archive_names.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "core/data/archive_reader.h"

namespace graft {
namespace {

constexpr size_t kMaxPart = 255;
constexpr size_t kMaxName = 1024;
// Nobody sorts photographs so deep; and who walks up from each file to the root does little work.
constexpr int kMaxParts = 32;

}  // namespace

absl::StatusOr<std::string> NormaliseArchiveName(absl::string_view name) {
  const auto refuse = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("'", PrintableName(name), "' ", what));
  };
  if (!IsValidUtf8(name)) return refuse("is not a name in UTF-8");
  if (absl::StartsWith(name, "/") || (name.size() > 1 && name[1] == ':')) {
    return refuse("is an absolute path");
  }
  if (absl::StrContains(name, '\\')) return refuse("holds a backslash");
  std::string plain;
  int parts = 0;
  for (const absl::string_view part : absl::StrSplit(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse("leads out of the archive");
    if (part.size() > kMaxPart) {
      return refuse(absl::StrCat("has a part of more than ", kMaxPart, " bytes"));
    }
    if (++parts > kMaxParts) {
      return refuse(absl::StrCat("has more than ", kMaxParts, " folders one in the other"));
    }
    for (const char c : part) {
      if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
        return refuse("holds control characters");
      }
    }
    absl::StrAppend(&plain, plain.empty() ? "" : "/", part);
  }
  if (plain.size() > kMaxName) {
    return refuse(absl::StrCat("is longer than ", kMaxName, " bytes"));
  }
  return plain;
}

bool IsHiddenName(absl::string_view name) {
  for (const absl::string_view part : absl::StrSplit(name, '/')) {
    if (absl::StartsWith(part, ".") || part == "__MACOSX" ||
        absl::EqualsIgnoreCase(part, "Thumbs.db") || absl::EqualsIgnoreCase(part, "desktop.ini")) {
      return true;
    }
  }
  return false;
}

bool IsArchiveName(absl::string_view name) {
  for (const absl::string_view ending : {".zip", ".tar", ".tgz", ".gz", ".7z", ".rar"}) {
    if (absl::EndsWithIgnoreCase(name, ending)) return true;
  }
  return false;
}

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

}  // namespace graft
