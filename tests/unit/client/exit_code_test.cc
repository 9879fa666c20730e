#include "client/cli/exit_code.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace graft::cli {
namespace {

// What scripts rely on, and --help says.
TEST(ExitCodeTest, TellsScriptsWhatToDoNext) {
  EXPECT_EQ(ExitCode(absl::OkStatus(), false), 0);
  EXPECT_EQ(ExitCode(absl::InternalError(""), false), 1);
  EXPECT_EQ(ExitCode(absl::FailedPreconditionError("the job failed"), false), 1);
  EXPECT_EQ(ExitCode(absl::CancelledError(""), false), 1);
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError(""), false), 2);
  EXPECT_EQ(ExitCode(absl::AlreadyExistsError(""), false), 2);
  EXPECT_EQ(ExitCode(absl::UnavailableError(""), false), 3);
  EXPECT_EQ(ExitCode(absl::DeadlineExceededError(""), false), 3);
  EXPECT_EQ(ExitCode(absl::NotFoundError(""), false), 4);
}

TEST(ExitCodeTest, TellsFullFromTooLarge) {
  google::rpc::Status details;
  details.add_details()->PackFrom(google::rpc::RetryInfo());
  EXPECT_EQ(ExitCode(client::FromGrpc({grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full",
                                       details.SerializeAsString()}),
                     false),
            3);
  EXPECT_EQ(ExitCode(absl::ResourceExhaustedError("the archive is too large"), false), 2);
}

TEST(ExitCodeTest, SaysThatTheUserEndedIt) {
  EXPECT_EQ(ExitCode(absl::CancelledError("interrupted"), true), 130);
  // What was done all the same, or failed before, keeps its own.
  EXPECT_EQ(ExitCode(absl::OkStatus(), true), 0);
  EXPECT_EQ(ExitCode(absl::NotFoundError(""), true), 4);
}

}  // namespace
}  // namespace graft::cli
