#ifndef GRAFT_CLIENT_CLI_PREDICT_FILES_H_
#define GRAFT_CLIENT_CLI_PREDICT_FILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "client/lib/client.h"

namespace graft::cli {

// Neighbouring files that go into one request.
struct FileRange {
  size_t first = 0;
  size_t count = 0;
};

// How to share files of these sizes out: in order, at most `max_count` and `max_bytes` a request,
// where a file larger than that goes alone. A pure function.
std::vector<FileRange> PlanRequests(const std::vector<uint64_t>& sizes, size_t max_count,
                                    uint64_t max_bytes);

// Asks about picture files, in as many requests as it takes, and joins the answers: outputs in the
// order of `files`, all from one version, times added up. `question` is the request without inputs.
// Every file is looked at before the first request goes out. Errors name files, not inputs:
// INVALID_ARGUMENT where one cannot be read or is no picture, RESOURCE_EXHAUSTED where one is
// larger than the server takes; what else the server says.
absl::StatusOr<v1::PredictResponse> PredictFiles(client::Client& client,
                                                 const v1::PredictRequest& question,
                                                 const std::vector<std::string>& files);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_PREDICT_FILES_H_
