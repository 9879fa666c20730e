#include "core/artifacts/blob/local/local_blob_store.h"

#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/mount.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/failpoint.h"
#include "core/base/files.h"

namespace graft::artifacts {
namespace {

namespace fs = std::filesystem;

// Everything below a folder, but the folders.
std::vector<std::string> FilesIn(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(folder));
  }
  return files;
}

class LocalBlobStoreTest : public ::testing::Test {
 protected:
  const TempDirectory folder_ = *TempDirectory::Create();
  const fs::path root_ = folder_.path() / "blobs";
};

TEST_F(LocalBlobStoreTest, LeavesNothingBehindWhereItRefuses) {
  auto blobs = *LocalBlobStore::Open(root_);
  ASSERT_TRUE(blobs->PutIfAbsent("a", "1").ok());
  ASSERT_TRUE(absl::IsAlreadyExists(blobs->PutIfAbsent("a", "2")));
  ASSERT_TRUE(absl::IsFailedPrecondition(blobs->PutIfAbsent("a/b", "2")));
  ASSERT_TRUE(absl::IsInvalidArgument(blobs->PutIfAbsent("../b", "2")));
  EXPECT_THAT(FilesIn(folder_.path()), ::testing::ElementsAre("blobs/a"));
  EXPECT_TRUE(fs::is_empty(root_ / ".staging"));
}

TEST_F(LocalBlobStoreTest, BlobsOutliveTheStoreAndWhatKilledWritersLeftIsSwept) {
  {
    auto blobs = *LocalBlobStore::Open(root_);
    ASSERT_TRUE(blobs->PutIfAbsent("jobs/a/1/x", "content").ok());
  }
  fs::create_directories(root_ / ".staging" / "put-abc");
  std::ofstream(root_ / ".staging" / "put-abc" / "blob") << "half";
  {
    auto blobs = *LocalBlobStore::Open(root_);  // a worker's: others may be writing
    EXPECT_TRUE(fs::exists(root_ / ".staging" / "put-abc" / "blob"));
    EXPECT_THAT(*blobs->List("", "", 10), ::testing::ElementsAre("jobs/a/1/x"));
  }
  auto blobs = *LocalBlobStore::Open(root_, /*sweep=*/true);
  EXPECT_FALSE(fs::exists(root_ / ".staging" / "put-abc"));
  EXPECT_EQ(*blobs->Get("jobs/a/1/x", 100), "content");
}

TEST_F(LocalBlobStoreTest, TwoStoresOnOneFolderAreOneStore) {
  auto server = *LocalBlobStore::Open(root_);
  auto worker = *LocalBlobStore::Open(root_);
  ASSERT_TRUE(worker->PutIfAbsent("a/b", "content").ok());
  EXPECT_EQ(*server->Get("a/b", 100), "content");
  EXPECT_TRUE(absl::IsAlreadyExists(server->PutIfAbsent("a/b", "other")));
}

TEST_F(LocalBlobStoreTest, DeletingTheLastBlobOfAFolderLeavesNoFolder) {
  // A '/' at the end of the root's name must not let the clean-up climb past it.
  auto blobs = *LocalBlobStore::Open(root_.string() + "/");
  ASSERT_TRUE(blobs->PutIfAbsent("jobs/a/1/x", "1").ok());
  ASSERT_TRUE(blobs->PutIfAbsent("jobs/b", "1").ok());
  ASSERT_TRUE(blobs->Delete("jobs/a/1/x").ok());
  EXPECT_FALSE(fs::exists(root_ / "jobs" / "a"));
  EXPECT_TRUE(fs::exists(root_ / "jobs" / "b"));
  ASSERT_TRUE(blobs->Delete("jobs/b").ok());
  EXPECT_FALSE(fs::exists(root_ / "jobs"));
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(LocalBlobStoreTest, FilesThatAreNoBlobsAreNotListed) {
  auto blobs = *LocalBlobStore::Open(root_);
  ASSERT_TRUE(blobs->PutIfAbsent("a", "1").ok());
  fs::create_directory(root_ / "lost+found");
  std::ofstream(root_ / "lost+found" / "x") << "x";
  std::ofstream(root_ / ".nfs0001") << "x";
  fs::create_symlink("/etc", root_ / "etc");
  EXPECT_THAT(*blobs->List("", "", 10), ::testing::ElementsAre("a"));
}

TEST_F(LocalBlobStoreTest, MessagesNameNoPath) {
  std::ofstream(folder_.path() / "file") << "x";
  const absl::Status opened = LocalBlobStore::Open(folder_.path() / "file").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened)) << opened;

  auto blobs = *LocalBlobStore::Open(root_);
  ASSERT_TRUE(blobs->PutIfAbsent("a/b", "1").ok());
  for (const absl::Status& status :
       {opened, blobs->PutIfAbsent("a/b", "1"), blobs->PutIfAbsent("a", "1"),
        blobs->PutIfAbsent("..", "1"), blobs->Get("none", 1).status(),
        blobs->Get("a/b", 0).status(), blobs->GetRange("a/b", 5, 5).status(),
        blobs->PutFileIfAbsent("c", folder_.path() / "none"),
        blobs->PutFileIfAbsent("c", folder_.path())}) {
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()),
                ::testing::Not(::testing::HasSubstr(folder_.path().filename().string())));
  }
}

// A full disk, in a child with a mount table of its own: 0 passed, 77 not permitted, else failed.
int FillADisk(const fs::path& mount_point) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=1m") != 0) {
    return 77;
  }
  auto blobs = LocalBlobStore::Open(mount_point / "blobs");
  if (!blobs.ok()) return 1;
  if (!(*blobs)->PutIfAbsent("small", "content").ok()) return 2;
  if (!absl::IsResourceExhausted((*blobs)->PutIfAbsent("a/big", std::string(4 << 20, 'x')))) {
    return 3;
  }
  const fs::path big = mount_point.parent_path() / "big";
  if (!WriteFileAtomically(big, std::string(4 << 20, 'x')).ok()) return 4;
  if (!absl::IsResourceExhausted((*blobs)->PutFileIfAbsent("a/big", big))) return 5;
  // Nothing torn, nothing left, and what fits is still taken.
  const auto keys = (*blobs)->List("", "", 10);
  if (!keys.ok() || *keys != std::vector<std::string>{"small"}) return 6;
  if (FilesIn(mount_point) != std::vector<std::string>{"blobs/small"}) return 7;
  if (!(*blobs)->PutIfAbsent("a/small", "content").ok()) return 8;
  return 0;
}

TEST_F(LocalBlobStoreTest, AFullDiskIsResourceExhaustedAndLeavesNothing) {
  const fs::path mount_point = folder_.path() / "disk";
  fs::create_directory(mount_point);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(FillADisk(mount_point));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not mount a small disk";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Every step of a put at which a fault can be injected.
constexpr const char* kPutSteps[] = {"file.before_write",    "file.before_sync",
                                     "file.before_rename",   "file.after_rename",
                                     "blob.put.before_link", "blob.put.after_link"};

TEST_F(LocalBlobStoreTest, AnErrorAtAnyStepOfAPutLeavesNoneOrTheWholeBlob) {
  if (!HasFailpoints()) GTEST_SKIP() << "this build has no failpoints";
  for (const char* step : kPutSteps) {
    SCOPED_TRACE(step);
    auto blobs = *LocalBlobStore::Open(root_);
    const std::string key = absl::StrCat("jobs/", step);
    {
      const ScopedFailpoint fault(step, {.error = absl::ResourceExhaustedError("full")});
      EXPECT_TRUE(absl::IsResourceExhausted(blobs->PutIfAbsent(key, "whole")));
      EXPECT_EQ(fault.hits(), 1);
    }
    const absl::StatusOr<std::string> after = blobs->Get(key, 100);
    if (after.ok()) {
      EXPECT_EQ(*after, "whole");
    } else {
      EXPECT_TRUE(absl::IsNotFound(after.status())) << after.status();
    }
    const absl::Status again = blobs->PutIfAbsent(key, "whole");
    EXPECT_TRUE(again.ok() || absl::IsAlreadyExists(again)) << again;
    EXPECT_EQ(*blobs->Get(key, 100), "whole");
    EXPECT_TRUE(FilesIn(root_ / ".staging").empty()) << "something is left in the staging folder";
  }
}

TEST_F(LocalBlobStoreTest, AKillAtAnyStepOfAPutLeavesNoneOrTheWholeBlob) {
  if (!HasFailpoints()) GTEST_SKIP() << "this build has no failpoints";
  for (const char* step : kPutSteps) {
    SCOPED_TRACE(step);
    const std::string key = absl::StrCat("jobs/", step);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const ScopedFailpoint fault(step, {.kind = FailpointAction::Kind::kKill});
      (void)(*LocalBlobStore::Open(root_))->PutIfAbsent(key, "whole");
      ::_exit(0);  // not reached
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the step was not reached";
    auto blobs = *LocalBlobStore::Open(root_, /*sweep=*/true);
    const absl::StatusOr<std::string> after = blobs->Get(key, 100);
    if (after.ok()) {
      EXPECT_EQ(*after, "whole");
    } else {
      EXPECT_TRUE(absl::IsNotFound(after.status())) << after.status();
    }
    const absl::Status again = blobs->PutIfAbsent(key, "whole");
    EXPECT_TRUE(again.ok() || absl::IsAlreadyExists(again)) << again;
    EXPECT_TRUE(FilesIn(root_ / ".staging").empty()) << "the sweep has left something";
  }
}

}  // namespace
}  // namespace graft::artifacts
