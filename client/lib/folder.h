#ifndef GRAFT_CLIENT_LIB_FOLDER_H_
#define GRAFT_CLIENT_LIB_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace graft::client {

// What a folder has that is not sent, counted. A hidden folder counts once, with all it holds.
struct LeftOut {
  uint64_t hidden = 0;  // names that begin with a dot, and folders that systems keep for themselves
  uint64_t links = 0;   // symbolic links, wherever they point: they are not followed
  uint64_t special = 0;                     // pipes, sockets, devices
  std::vector<std::string> linked_folders;  // of the links, the first few that lead to folders
};

// "3 hidden files or folders, 120 symbolic links (folder 'birds')"; empty where nothing is left
// out.
std::string Describe(const LeftOut& left_out);

struct FolderContent {
  std::vector<std::filesystem::path> files;  // plain files, recursively, in sorted order
  uint64_t bytes = 0;                        // of all of them
  // Folders without anything in them that is sent, and links to folders: perhaps meant as classes,
  // which the server should miss. Sorted.
  std::vector<std::filesystem::path> empty_folders;
  LeftOut left_out;
};

// What of `folder` can be sent. INVALID_ARGUMENT if there is no such folder, if a part of it cannot
// be read, which is named, or if it holds no plain file.
absl::StatusOr<FolderContent> ListFolder(const std::filesystem::path& folder);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_FOLDER_H_
