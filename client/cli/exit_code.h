#ifndef GRAFT_CLIENT_CLI_EXIT_CODE_H_
#define GRAFT_CLIENT_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

#include "client/lib/status.h"

namespace graft::cli {

inline constexpr int kInterrupted = 130;

// The exit status of `graft`, as its --help documents it.
//   0 done   1 the server or the job failed
//   2 the command line or the request is wrong, a local file cannot be read, or a limit of the
//     server's stands in the way
//   3 the server cannot be reached, is full or is going away: try again later
//   4 no such job, dataset or model   130 interrupted with Ctrl-C, as shells have it
// `interrupted`: the user ended it.
inline int ExitCode(const absl::Status& status, bool interrupted) {
  if (interrupted && absl::IsCancelled(status)) return kInterrupted;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
      return 2;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return 3;
    case absl::StatusCode::kResourceExhausted:
      // What is full now, the server says when to ask again; what is too large stays too large.
      return client::RetryDelay(status).has_value() ? 3 : 2;
    case absl::StatusCode::kNotFound:
      return 4;
    default:
      return 1;
  }
}

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_EXIT_CODE_H_
