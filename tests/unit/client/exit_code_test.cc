#include "client/cli/exit_code.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace graft::cli {
namespace {

// What scripts rely on, and --help says.
TEST(ExitCodeTest, TellsScriptsWhatToDoNext) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::InternalError("")), 1);
  EXPECT_EQ(ExitCode(absl::FailedPreconditionError("the job failed")), 1);
  EXPECT_EQ(ExitCode(absl::CancelledError("")), 1);
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCode(absl::AlreadyExistsError("")), 2);
  EXPECT_EQ(ExitCode(absl::UnavailableError("")), 3);
  EXPECT_EQ(ExitCode(absl::DeadlineExceededError("")), 3);
  EXPECT_EQ(ExitCode(absl::NotFoundError("")), 4);
}

TEST(ExitCodeTest, TellsFullFromTooLarge) {
  google::rpc::Status details;
  details.add_details()->PackFrom(google::rpc::RetryInfo());
  EXPECT_EQ(ExitCode(client::FromGrpc({grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full",
                                       details.SerializeAsString()})),
            3);
  EXPECT_EQ(ExitCode(absl::ResourceExhaustedError("the archive is too large")), 2);
}

}  // namespace
}  // namespace graft::cli
