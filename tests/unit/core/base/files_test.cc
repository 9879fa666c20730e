#include "core/base/files.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace graft {
namespace {

namespace fs = std::filesystem;

TEST(FilesTest, WriteThenReadReplacesWholeContent) {
  TempDirectory dir = TempDirectory::Create().value();
  const fs::path path = dir.path() / "file";
  ASSERT_TRUE(WriteFileAtomically(path, "a longer first content").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  EXPECT_EQ(ReadFile(path, 100).value(), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST(FilesTest, ReadIsBounded) {
  TempDirectory dir = TempDirectory::Create().value();
  ASSERT_TRUE(WriteFileAtomically(dir.path() / "file", "12345").ok());
  EXPECT_EQ(ReadFile(dir.path() / "file", 4).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadFile(dir.path() / "none", 4).status().code(), absl::StatusCode::kNotFound);
}

TEST(FilesTest, FailedWriteLeavesNothing) {
  EXPECT_EQ(WriteFileAtomically("/nonexistent/folder/file", "x").code(),
            absl::StatusCode::kNotFound);
}

TEST(FilesTest, TempDirectoryIsRemovedWithContent) {
  fs::path path;
  {
    TempDirectory dir = TempDirectory::Create().value();
    path = dir.path();
    fs::create_directories(path / "a" / "b");
    ASSERT_TRUE(WriteFileAtomically(path / "a" / "b" / "c", "x").ok());
    TempDirectory moved = std::move(dir);
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(FilesTest, MapShowsContent) {
  TempDirectory dir = TempDirectory::Create().value();
  ASSERT_TRUE(WriteFileAtomically(dir.path() / "file", "mapped").ok());
  ASSERT_TRUE(WriteFileAtomically(dir.path() / "empty", "").ok());
  EXPECT_EQ(MappedFile::Open(dir.path() / "file").value()->bytes(), "mapped");
  EXPECT_EQ(MappedFile::Open(dir.path() / "empty").value()->bytes(), "");
  EXPECT_EQ(MappedFile::Open(dir.path() / "none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace graft
