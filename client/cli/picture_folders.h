#ifndef GRAFT_CLIENT_CLI_PICTURE_FOLDERS_H_
#define GRAFT_CLIENT_CLI_PICTURE_FOLDERS_H_

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "graft/v1/capture.pb.h"

namespace graft::cli {

// Where a kept picture goes, so that a folder of such pictures is a dataset once a person has moved
// those that are in the wrong one: CLASS/0123456789abcdef.jpg.

// Digits of a picture's id that are shown, and are its file's name. Two pictures of a project do
// not share them but by intention.
inline constexpr size_t kShownId = 16;

// The name of a folder for an answer: the label as it is, without what could lead out of the folder
// or is no good in a name; "unanswered" for no label, "numbers" where the answer is no label. Pure.
std::string FolderOf(const v1::CapturedPicture& picture);

// "jpg", "png", "webp" or "bmp", by the picture's first bytes; "bin" for others. Pure.
std::string ExtensionOf(absl::string_view bytes);

// The names without ending of all files below `folder`: what has been fetched before, wherever it
// has been moved to since. None where there is no such folder.
std::set<std::string> FilesBelow(const std::filesystem::path& folder);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_PICTURE_FOLDERS_H_
