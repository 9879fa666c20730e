// What survives kill -9 of the process that has the store open.
#include <cstdint>
#include <memory>
#include <signal.h>
#include <string>
#include <unistd.h>

#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/store/sqlite/sqlite_metadata_store.h"

namespace graft::store {
namespace {

class DurabilityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDirectory>(std::move(*folder));
    ASSERT_EQ(pipe(pipe_), 0);
  }
  void TearDown() override {
    close(pipe_[0]);
    if (pipe_[1] >= 0) close(pipe_[1]);
  }

  absl::StatusOr<std::unique_ptr<MetadataStore>> Open() {
    SqliteMetadataStoreOptions options;
    options.path = folder_->path() / "graft.db";
    options.max_queued = 1'000'000;
    return SqliteMetadataStore::Open(options);
  }

  static jobs::Job NewJob(int i) {
    jobs::Job job;
    job.id = absl::StrCat("j", i);
    job.project = "p";
    job.request_id = absl::StrCat("r", i);
    job.model_name = "m";
    return job;
  }

  // A process of its own that acknowledges each job by its number, then finishes it, until killed.
  pid_t StartWriter() {
    const pid_t pid = fork();
    if (pid != 0) {
      close(pipe_[1]);
      pipe_[1] = -1;
      return pid;
    }
    auto store = Open();
    if (!store.ok()) _exit(1);
    JobOutcome outcome;
    outcome.version.emplace();
    outcome.version->description = "{}";
    for (int32_t i = 0;; ++i) {
      if (!(*store)->EnqueueJob(NewJob(i)).ok()) _exit(2);
      if (write(pipe_[1], &i, sizeof(i)) != sizeof(i)) _exit(3);
      const auto job = (*store)->ClaimNextJob("w", {});
      if (!job.ok() || !job->has_value()) _exit(4);
      if (!(*store)->FinishJob((*job)->id, (*job)->fence, outcome).ok()) _exit(5);
    }
  }

  // The next acknowledged job; -1 when the writer is gone.
  int32_t NextAcknowledged() {
    int32_t number;
    return read(pipe_[0], &number, sizeof(number)) == sizeof(number) ? number : -1;
  }

  static void Kill(pid_t pid) {
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, with " << WEXITSTATUS(status);
  }

  std::unique_ptr<TempDirectory> folder_;
  int pipe_[2] = {-1, -1};
};

TEST_F(DurabilityTest, EveryAcknowledgedJobIsThereAfterKillMinus9) {
  const pid_t writer = StartWriter();
  int32_t last = -1;
  while (last < 60) {
    last = NextAcknowledged();
    if (last < 0) break;
  }
  Kill(writer);
  ASSERT_GE(last, 60);
  for (int32_t more = NextAcknowledged(); more >= 0; more = NextAcknowledged()) last = more;
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  int64_t succeeded = 0;
  for (int32_t i = 0; i <= last; ++i) {
    const auto job = (*store)->GetJob("p", absl::StrCat("j", i));
    ASSERT_TRUE(job.ok()) << job.status();
    const bool ended = job->state == jobs::JobState::kSucceeded;
    succeeded += ended;
    EXPECT_EQ(job->model_version != 0, ended) << "a version and the end of its job are one";
    EXPECT_FALSE((*store)->EnqueueJob(NewJob(i))->created) << "a retry makes no second job";
  }
  EXPECT_GE(succeeded, last);
}

TEST_F(DurabilityTest, TheFileIsLockedWhileTheProcessLivesAndFreeOnceItIsKilled) {
  const pid_t writer = StartWriter();
  ASSERT_GE(NextAcknowledged(), 0);
  const auto refused = Open();
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << refused.status();
  Kill(writer);
  const auto store = Open();
  EXPECT_TRUE(store.ok()) << store.status();
}

}  // namespace
}  // namespace graft::store
