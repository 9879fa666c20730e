#ifndef GRAFT_SERVER_API_HIDE_FOLDERS_H_
#define GRAFT_SERVER_API_HIDE_FOLDERS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft::server {

// A message for callers, without the server's own folders: each of `folders`, which are absolute
// paths, becomes "<server>" wherever it stands as a path or begins one. "/data" is cut out of
// "cannot open /data/graft.db", and not out of "photos/data/cat.jpg" or "/database". A pure
// function.
std::string HideFolders(absl::string_view message, const std::vector<std::string>& folders);

// The same for an error: its message and the texts of its details.
absl::Status HideFolders(const absl::Status& status, const std::vector<std::string>& folders);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_HIDE_FOLDERS_H_
