#include "client/cli/exit_code.h"

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
  EXPECT_EQ(ExitCode(absl::ResourceExhaustedError("")), 3);
  EXPECT_EQ(ExitCode(absl::NotFoundError("")), 4);
}

}  // namespace
}  // namespace graft::cli
