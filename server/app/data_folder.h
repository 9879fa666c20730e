#ifndef GRAFT_SERVER_APP_DATA_FOLDER_H_
#define GRAFT_SERVER_APP_DATA_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::server {

// What a file system can do for graft, and how it is called.
struct FileSystemTraits {
  std::string name;  // "exFAT"; "" for one that nothing is known of
  // Blobs get their names by link(2), so that none is ever seen in part or written over.
  bool hard_links = true;
  bool sockets = true;   // of Unix, for the workers
  bool network = false;  // shared by machines: its locks and its fsync are another machine's word
};

// What is known of a file system by its number (statfs's f_type). Pure.
FileSystemTraits TraitsOfType(int64_t type);

// What is known of the file system of a folder that is there.
absl::StatusOr<FileSystemTraits> InspectFileSystem(const std::filesystem::path& folder);

// The same, and what it can do is tried, with files of its own that are gone afterwards.
absl::StatusOr<FileSystemTraits> ProbeFileSystem(const std::filesystem::path& folder);

// FAILED_PRECONDITION, naming the flag, where the data folder, or the folder of the workers'
// socket, is on a file system that cannot do what it has to. Pure.
absl::Status CheckTraits(const FileSystemTraits& data, const FileSystemTraits& socket);

// What is worth telling of a data folder that will do. Pure.
std::vector<std::string> WarningsOf(const FileSystemTraits& data);

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_DATA_FOLDER_H_
