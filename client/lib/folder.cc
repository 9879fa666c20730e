#include "client/lib/folder.h"

#include <algorithm>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

#include "client/lib/local_file.h"

namespace graft::client {
namespace {

namespace fs = std::filesystem;

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && name[0] == '.';
}

absl::Status NoFiles(const fs::path& folder, const LeftOut& left_out) {
  std::string message = absl::StrCat("folder '", folder.string(), "' holds no files");
  const std::string others = Describe(left_out);
  if (!others.empty()) absl::StrAppend(&message, " to send, only ", others);
  if (left_out.links > 0) {
    absl::StrAppend(&message,
                    "\n  hint: links are not followed; make a copy with the files themselves: "
                    "cp -rL FOLDER COPY");
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace

std::string Describe(const LeftOut& left_out) {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t count, absl::string_view one, absl::string_view many) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", count == 1 ? one : many));
  };
  add(left_out.hidden, "hidden file or folder", "hidden files or folders");
  add(left_out.links, "symbolic link", "symbolic links");
  add(left_out.special, "pipe, socket or device", "pipes, sockets or devices");
  return absl::StrJoin(parts, ", ");
}

absl::StatusOr<FolderContent> ListFolder(const fs::path& folder) {
  FolderContent content;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  if (error) return CannotRead(folder, error);
  for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (IsHidden(it->path())) {
      ++content.left_out.hidden;
      it.disable_recursion_pending();
      continue;
    }
    // The status of a link itself: one that leads nowhere, or to itself, has no other.
    std::error_code status_error;
    switch (it->symlink_status(status_error).type()) {
      case fs::file_type::regular: {
        const uint64_t size = fs::file_size(it->path(), status_error);
        if (status_error) return CannotRead(it->path(), status_error);
        content.bytes += size;
        content.files.push_back(it->path());
        break;
      }
      case fs::file_type::directory:
      case fs::file_type::not_found:  // deleted since
        break;
      case fs::file_type::symlink:
        ++content.left_out.links;
        break;
      case fs::file_type::none:
        return CannotRead(it->path(), status_error);
      default:
        ++content.left_out.special;
    }
  }
  // An iterator that fails is at its end.
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read all of folder '", folder.string(), "': ", error.message()));
  }
  if (content.files.empty()) return NoFiles(folder, content.left_out);
  std::sort(content.files.begin(), content.files.end());
  return content;
}

}  // namespace graft::client
