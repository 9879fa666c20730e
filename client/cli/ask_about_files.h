#ifndef GRAFT_CLIENT_CLI_ASK_ABOUT_FILES_H_
#define GRAFT_CLIENT_CLI_ASK_ABOUT_FILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace graft::cli {

// In one request: as many as a server takes unless told otherwise.
inline constexpr size_t kMaxFiles = 64;

// Neighbouring files that go into one request.
struct FileRange {
  size_t first = 0;
  size_t count = 0;
};

// How to share files of these sizes out: in order, at most `max_count` and `max_bytes` a request,
// where a file larger than that goes alone. A pure function.
std::vector<FileRange> PlanRequests(const std::vector<uint64_t>& sizes, size_t max_count,
                                    uint64_t max_bytes);

// Gives the contents of picture files to `ask`, in order and in as many calls as it takes, at most
// kMaxFiles / `answers_each` at a time; each call is one request to the server. Every file is
// looked at before the first. Errors name files, not inputs: INVALID_ARGUMENT where one cannot be
// read or is no picture, RESOURCE_EXHAUSTED where one is larger than the server takes; what else
// `ask` returns.
absl::Status AskAboutFiles(
    const std::vector<std::string>& files, size_t answers_each,
    const std::function<absl::Status(const std::vector<std::string>& pictures)>& ask);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_ASK_ABOUT_FILES_H_
