#include "client/lib/folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

#include "client/lib/local_file.h"

namespace graft::client {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLinkedFoldersNamed = 5;

// Besides names that begin with a dot, what systems keep on a disk for themselves, some of which
// nobody but they may read. The server knows more such names; it is enough not to fail at these.
bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  for (const absl::string_view kept : {"lost+found", "$RECYCLE.BIN", "System Volume Information",
                                       "@eaDir", "#recycle", "#snapshot", "__MACOSX"}) {
    if (name == kept) return true;
  }
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
  if (!left_out.linked_folders.empty()) {
    absl::StrAppend(&parts.back(), " (of folders: '",
                    absl::StrJoin(left_out.linked_folders, "', '"), "')");
  }
  add(left_out.special, "pipe, socket or device", "pipes, sockets or devices");
  return absl::StrJoin(parts, ", ");
}

namespace {

// Walks through a folder and what is below it.
class Lister {
 public:
  explicit Lister(const fs::path& folder) : folder_(folder) { pending_.push_back(folder); }

  absl::StatusOr<FolderContent> List() {
    while (!pending_.empty()) {
      const fs::path folder = std::move(pending_.back());
      pending_.pop_back();
      absl::Status status = ListOne(folder);
      if (!status.ok()) return status;
    }
    if (content_.files.empty()) return NoFiles(folder_, content_.left_out);
    std::sort(content_.files.begin(), content_.files.end());
    std::sort(content_.empty_folders.begin(), content_.empty_folders.end());
    return std::move(content_);
  }

 private:
  absl::Status ListOne(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator it(folder, error);
    if (error) return CannotRead(folder, error);
    bool empty = true;
    for (; it != fs::directory_iterator(); it.increment(error)) {
      absl::StatusOr<bool> sent = Take(it->path());
      if (!sent.ok()) return sent.status();
      empty = empty && !*sent;
    }
    // An iterator that fails is at its end.
    if (error) return CannotRead(folder, error);
    if (empty && folder != folder_) content_.empty_folders.push_back(folder);
    return absl::OkStatus();
  }

  // Whether it is, or may hold, something to send.
  absl::StatusOr<bool> Take(const fs::path& path) {
    LeftOut& left_out = content_.left_out;
    if (IsHidden(path)) {
      ++left_out.hidden;
      return false;
    }
    // The status of a link itself: one that leads nowhere, or to itself, has no other.
    std::error_code error;
    switch (fs::symlink_status(path, error).type()) {
      case fs::file_type::regular: {
        const uint64_t size = fs::file_size(path, error);
        if (error) return CannotRead(path, error);
        content_.bytes += size;
        content_.files.push_back(path);
        return true;
      }
      case fs::file_type::directory:
        pending_.push_back(path);
        return true;
      case fs::file_type::not_found:  // deleted since
        return false;
      case fs::file_type::symlink:
        ++left_out.links;
        if (fs::is_directory(path, error)) TakeLinkedFolder(path);
        return false;
      case fs::file_type::none:
        return CannotRead(path, error);
      default:
        ++left_out.special;
        return false;
    }
  }

  void TakeLinkedFolder(const fs::path& path) {
    content_.empty_folders.push_back(path);
    std::vector<std::string>& named = content_.left_out.linked_folders;
    if (named.size() < kLinkedFoldersNamed) {
      named.push_back(path.lexically_relative(folder_).string());
    }
  }

  const fs::path folder_;
  std::vector<fs::path> pending_;
  FolderContent content_;
};

}  // namespace

absl::StatusOr<FolderContent> ListFolder(const fs::path& folder) { return Lister(folder).List(); }

}  // namespace graft::client
