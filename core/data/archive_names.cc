#include "core/data/archive_names.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "core/data/unicode.h"

namespace graft::data {
namespace {

// Windows and macOS allow 255 units of UTF-16 a part, each up to three bytes here.
constexpr size_t kMaxPart = size_t{255} * 3;
constexpr size_t kMaxName = 4096;  // Linux's PATH_MAX
// Nobody sorts photographs so deep; and who walks up from each file to the root does little work.
constexpr int kMaxParts = 32;

constexpr absl::string_view kNotUtf8 =
    "its name is not in UTF-8: pack the folder again as a tar, or with a program that writes zips "
    "with UTF-8 names, as 7-Zip does, or give it another name";

// Whether a byte of UTF-8 goes on with a character.
bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool IsControl(char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }

// "C:" or "C:/x".
bool HasDrive(absl::string_view name) {
  return name.size() >= 2 && absl::ascii_isalpha(static_cast<unsigned char>(name[0])) &&
         name[1] == ':' && (name.size() == 2 || name[2] == '/');
}

// What is wrong with a name that is safe.
std::string ProblemOf(absl::string_view name) {
  if (!IsValidUtf8(name)) return std::string(kNotUtf8);
  if (absl::StrContains(name, '\\')) return "its name holds a backslash: give it another";
  if (std::any_of(name.begin(), name.end(), &IsControl)) {
    return "its name holds control characters: give it another";
  }
  if (name.size() > kMaxName) {
    return absl::StrCat("its name is longer than ", kMaxName, " bytes");
  }
  int parts = 0;
  for (const absl::string_view part : absl::StrSplit(name, '/', absl::SkipEmpty())) {
    if (part.size() > kMaxPart) {
      return absl::StrCat("its name has a part of more than ", kMaxPart, " bytes");
    }
    if (++parts > kMaxParts) {
      return absl::StrCat("it lies more than ", kMaxParts, " folders one in the other deep");
    }
  }
  return "";
}

// The parts of a name that are there, joined.
std::string Joined(absl::string_view name) {
  std::string plain;
  for (const absl::string_view part : absl::StrSplit(name, '/', absl::SkipEmpty())) {
    if (part != ".") absl::StrAppend(&plain, plain.empty() ? "" : "/", part);
  }
  return plain;
}

// Something to show for a name with a problem, of as many folders as it has, up to a few.
std::string StandIn(absl::string_view plain) {
  std::string shown;
  int parts = 0;
  for (const absl::string_view part : absl::StrSplit(plain, '/')) {
    if (++parts > kMaxParts) break;
    absl::StrAppend(&shown, shown.empty() ? "" : "/", PrintableName(part));
  }
  return shown;
}

}  // namespace

absl::StatusOr<PlainName> NormaliseArchiveName(absl::string_view raw, bool backslashes) {
  const auto refuse = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("'", PrintableName(raw), "' ", what));
  };
  const std::string slashes = absl::StrReplaceAll(raw, {{"\\", "/"}});
  // What is unsafe is so whichever way somebody would read the name.
  for (const absl::string_view part : absl::StrSplit(slashes, '/')) {
    if (part == "..") return refuse("leads out of the archive");
  }
  const absl::string_view name = backslashes ? absl::string_view(slashes) : raw;
  PlainName result;
  result.name = Joined(name);
  // Some programs pack the root itself, as "/".
  if (result.name.empty()) return result;
  if (absl::StartsWith(slashes, "/") || HasDrive(result.name)) {
    return refuse("is an absolute path: pack the folder from inside, by relative names");
  }
  result.hidden = IsHiddenName(result.name);
  result.problem = ProblemOf(result.name);
  result.name = result.problem.empty() ? ToNfc(result.name) : StandIn(result.name);
  return result;
}

bool IsHiddenName(absl::string_view name) {
  // Of systems that spell them in one way.
  constexpr absl::string_view kExact[] = {"__MACOSX",
                                          "Icon\r",
                                          "@eaDir",
                                          "#recycle",
                                          "#snapshot",
                                          "@Recycle",
                                          "@tmp",
                                          "~snapshot",
                                          "lost+found",
                                          "RECYCLER",
                                          "LOST.DIR",
                                          "__pycache__",
                                          "Network Trash Folder",
                                          "Temporary Items",
                                          "Desktop DB",
                                          "Desktop DF",
                                          "@Recently-Snapshot",
                                          "@SynoEAStream",
                                          "TheVolumeSettingsFolder"};
  // Of Windows and exFAT, which mind no case.
  constexpr absl::string_view kAnyCase[] = {"Thumbs.db",    "ehthumbs.db",
                                            "desktop.ini",  "ehthumbs_vista.db",
                                            "$RECYCLE.BIN", "System Volume Information",
                                            "Picasa.ini",   "found.000"};
  constexpr absl::string_view kBeginnings[] = {".", "SYNOPHOTO_", "SYNOFILE_", "~$"};
  for (const absl::string_view part : absl::StrSplit(name, '/', absl::SkipEmpty())) {
    const bool hidden =
        std::find(std::begin(kExact), std::end(kExact), part) != std::end(kExact) ||
        std::any_of(std::begin(kAnyCase), std::end(kAnyCase),
                    [&](absl::string_view known) { return absl::EqualsIgnoreCase(part, known); }) ||
        std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                    [&](absl::string_view known) { return absl::StartsWith(part, known); });
    if (hidden && part != "." && part != "..") return true;
  }
  return false;
}

bool IsArchiveName(absl::string_view name) {
  for (const absl::string_view ending :
       {".zip", ".tar", ".tgz", ".gz", ".7z", ".rar", ".xz", ".bz2", ".zst"}) {
    if (absl::EndsWithIgnoreCase(name, ending)) return true;
  }
  return false;
}

std::string PrintableName(absl::string_view name) {
  constexpr size_t kLongest = 120;
  std::string safe(name.substr(0, kLongest));
  if (name.size() > kLongest) {
    // The last character may have been cut: it begins at most three bytes before the end.
    size_t start = safe.size() - 1;
    while (start > safe.size() - 4 && IsContinuation(safe[start])) --start;
    if (!IsValidUtf8(absl::string_view(safe).substr(start))) safe.resize(start);
  }
  const bool utf8 = IsValidUtf8(safe);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_iscntrl(byte) || (!utf8 && byte >= 0x80)) c = '?';
  }
  if (name.size() > kLongest) safe += "...";
  return safe;
}

}  // namespace graft::data
