#include "client/cli/picture_folders.h"

#include <system_error>

#include "absl/strings/match.h"

#include "client/cli/text.h"

namespace graft::cli {
namespace {

constexpr size_t kLongestName = 60;  // characters
// Separators here and elsewhere, and what other systems' file names may not have.
constexpr absl::string_view kNoName = "/\\:*?\"<>|";

}  // namespace

std::string FolderOf(const v1::CapturedPicture& picture) {
  if (!picture.has_probability()) return "numbers";
  if (picture.answer().empty()) return "unanswered";
  std::string name(CutTo(PrintableLine(picture.answer()), kLongestName));
  for (char& c : name) {
    if (absl::StrContains(kNoName, c)) c = '_';
  }
  // Neither "..", nor a folder that is not shown, nor one that another system would rename.
  if (name.front() == '.' || name.front() == ' ') name.front() = '_';
  if (name.back() == '.' || name.back() == ' ') name.back() = '_';
  return name;
}

std::string ExtensionOf(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "\xFF\xD8\xFF")) return "jpg";
  if (absl::StartsWith(bytes, "\x89PNG")) return "png";
  if (bytes.size() >= 12 && absl::StartsWith(bytes, "RIFF") && bytes.substr(8, 4) == "WEBP") {
    return "webp";
  }
  if (absl::StartsWith(bytes, "BM")) return "bmp";
  return "bin";
}

std::set<std::string> FilesBelow(const std::filesystem::path& folder) {
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    names.insert(it->path().stem().string());
  }
  return names;
}

}  // namespace graft::cli
