#include "server/api/hide_folders.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "core/base/status_details.h"

namespace graft::server {
namespace {

// A byte of a path's part; bytes of other scripts (UTF-8) are letters too.
bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string HideFolder(absl::string_view message, absl::string_view folder) {
  std::string clean;
  size_t from = 0;
  for (size_t at; (at = message.find(folder, from)) != absl::string_view::npos;) {
    const size_t end = at + folder.size();
    const bool begins = at == 0 || (!IsNameByte(message[at - 1]) && message[at - 1] != '/');
    // A full stop may end the sentence.
    const bool ends = end == message.size() || !IsNameByte(message[end]) ||
                      (message[end] == '.' &&
                       (end + 1 == message.size() || absl::ascii_isspace(message[end + 1])));
    absl::StrAppend(&clean, message.substr(from, at - from), begins && ends ? "<server>" : folder);
    from = end;
  }
  absl::StrAppend(&clean, message.substr(from));
  return clean;
}

}  // namespace

std::string HideFolders(absl::string_view message, const std::vector<std::string>& folders) {
  std::string clean(message);
  for (absl::string_view folder : folders) {
    folder = absl::StripSuffix(folder, "/");
    if (folder.size() > 1 && folder[0] == '/') clean = HideFolder(clean, folder);
  }
  return clean;
}

absl::Status HideFolders(const absl::Status& status, const std::vector<std::string>& folders) {
  if (status.ok()) return status;
  return MapTexts(status, [&](absl::string_view text) { return HideFolders(text, folders); });
}

}  // namespace graft::server
