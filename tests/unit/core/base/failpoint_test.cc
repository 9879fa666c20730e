#include "core/base/failpoint.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <sys/wait.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"

namespace graft {
namespace {

using ::testing::HasSubstr;

class FailpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasFailpoints()) GTEST_SKIP() << "this build has no failpoints";
  }
};

absl::StatusOr<int> Durable() {
  GRAFT_FAILPOINT("file.before_sync");
  return 7;
}

TEST_F(FailpointTest, NothingHappensWhereNothingIsArmed) { EXPECT_EQ(*Durable(), 7); }

TEST_F(FailpointTest, AnErrorIsReturnedWhileItsScopeLasts) {
  {
    const ScopedFailpoint point("file.before_sync",
                                {.error = absl::ResourceExhaustedError("full")});
    EXPECT_EQ(Durable().status(), absl::ResourceExhaustedError("full"));
    EXPECT_EQ(point.hits(), 1);
  }
  EXPECT_TRUE(Durable().ok());
}

TEST_F(FailpointTest, AnotherPointIsLeftAlone) {
  const ScopedFailpoint point("file.before_rename", {});
  EXPECT_TRUE(Durable().ok());
  EXPECT_EQ(point.hits(), 0);
}

TEST_F(FailpointTest, OnlyTheHitThatIsAskedForCounts) {
  const ScopedFailpoint point("file.before_sync", {.on_hit = 3});
  for (int hit = 1; hit <= 5; ++hit) EXPECT_EQ(Durable().ok(), hit != 3) << hit;
  EXPECT_EQ(point.hits(), 5);
}

TEST_F(FailpointTest, OnceIsOnceHoweverOftenItIsArmed) {
  const TempDirectory folder = *TempDirectory::Create();
  const std::string file = (folder.path() / "happened").string();
  for (int process = 0; process < 3; ++process) {
    const ScopedFailpoint point("file.before_sync", {.once = file});
    EXPECT_EQ(Durable().ok(), process > 0);
  }
}

TEST_F(FailpointTest, ACallDecidesForItself) {
  int calls = 0;
  const ScopedFailpoint point("file.before_sync",
                              {.kind = FailpointAction::Kind::kCall, .call = [&] {
                                 return ++calls == 2 ? absl::AbortedError("no") : absl::OkStatus();
                               }});
  EXPECT_TRUE(Durable().ok());
  EXPECT_TRUE(absl::IsAborted(Durable().status()));
}

TEST_F(FailpointTest, AKillKillsTheProcess) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!ArmFailpoints("file.before_sync=kill").ok()) ::_exit(1);
    (void)Durable();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

// What ArmFailpoints arms stays armed: each case has a process of its own.
absl::StatusCode CodeAfter(const std::string& specification, int hits) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("GRAFT_FAILPOINTS", specification.c_str(), 1);
    if (!ArmFailpointsFromEnvironment().ok()) ::_exit(100);
    absl::Status status;
    for (int hit = 0; hit < hits; ++hit) status = Durable().status();
    ::_exit(static_cast<int>(status.code()));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return static_cast<absl::StatusCode>(WEXITSTATUS(status));
}

TEST_F(FailpointTest, TheEnvironmentArmsWhatItNames) {
  EXPECT_EQ(CodeAfter("", 1), absl::StatusCode::kOk);
  EXPECT_EQ(CodeAfter("file.before_sync=error", 1), absl::StatusCode::kInternal);
  EXPECT_EQ(CodeAfter("file.before_sync=error(RESOURCE_EXHAUSTED)", 1),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeAfter("file.before_sync=error,hit=2", 1), absl::StatusCode::kOk);
  EXPECT_EQ(CodeAfter("file.before_sync=error,hit=2", 2), absl::StatusCode::kInternal);
  EXPECT_EQ(CodeAfter("file.before_write=kill;file.before_sync=delay(1ms);", 1),
            absl::StatusCode::kOk);
}

TEST_F(FailpointTest, WhatCannotBeUnderstoodIsRefusedAndArmsNothing) {
  for (const char* wrong :
       {"no.such.point=kill", "file.before_sync", "file.before_sync=", "file.before_sync=explode",
        "file.before_sync=error(NO_CODE)", "file.before_sync=delay(x)",
        "file.before_sync=kill,hit=0", "file.before_sync=kill,hit=x",
        "file.before_sync=kill,once=", "file.before_sync=error;file.before_rename=explode"}) {
    const absl::Status status = ArmFailpoints(wrong);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << wrong;
    EXPECT_THAT(status.message(), HasSubstr("GRAFT_FAILPOINTS")) << wrong;
  }
  EXPECT_TRUE(Durable().ok());
}

TEST(FailpointNames, EachIsThereOnceAndSaysWhereItIs) {
  for (const FailpointName& each : kFailpoints) {
    EXPECT_FALSE(each.where.empty()) << each.name;
    int times = 0;
    for (const FailpointName& other : kFailpoints) times += other.name == each.name ? 1 : 0;
    EXPECT_EQ(times, 1) << each.name;
  }
  EXPECT_FALSE(IsFailpoint("file"));
}

}  // namespace
}  // namespace graft
