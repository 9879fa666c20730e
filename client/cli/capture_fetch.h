#ifndef GRAFT_CLIENT_CLI_CAPTURE_FETCH_H_
#define GRAFT_CLIENT_CLI_CAPTURE_FETCH_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graft/v1/capture.pb.h"

#include "client/lib/client.h"

namespace graft::cli {

// Calls `each` for the kept pictures of a project's model ("": of all), newest first, until it
// answers false.
absl::Status ForEachPicture(client::Client& client, const std::string& model,
                            const std::function<bool(const v1::CapturedPicture&)>& each);

// The whole ids of what is given by their beginnings. NOT_FOUND where one is of no picture,
// INVALID_ARGUMENT where one is of several.
absl::StatusOr<std::vector<std::string>> WholeIds(client::Client& client,
                                                  const std::vector<std::string>& beginnings);

struct FetchResult {
  std::map<std::string, int64_t> folders;  // pictures written into each
  int64_t written = 0;
  int64_t there = 0;  // that had been fetched before
};

// Writes the newest `limit` kept pictures into folders below `folder` (picture_folders.h), without
// those that are anywhere below it already: what a person has sorted stays where it is.
// `on_progress` hears how many are written.
absl::StatusOr<FetchResult> FetchPictures(client::Client& client, const std::string& model,
                                          const std::filesystem::path& folder, int64_t limit,
                                          const std::function<void(int64_t)>& on_progress);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_CAPTURE_FETCH_H_
