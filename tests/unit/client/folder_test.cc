#include "client/lib/folder.h"

#include <fstream>
#include <string>

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"

namespace graft::client {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FolderTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, const std::string& bytes) {
    const fs::path path = root() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  fs::path root() const { return folder_.path() / "photos"; }

  TempDirectory folder_ = *TempDirectory::Create();
};

TEST_F(FolderTest, CountsWhatItLeavesOut) {
  Put("cat/a.jpg", "meow");
  Put("cat/b.jpg", "purr!");
  Put("cat/.DS_Store", "x");
  Put(".git/config", "x");
  Put(".git/index", "x");
  fs::create_symlink("/etc/passwd", root() / "cat/c.jpg");
  fs::create_directory_symlink("/etc", root() / "etc");
  ASSERT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
  const auto content = ListFolder(root());
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_THAT(content->files, ElementsAre(root() / "cat/a.jpg", root() / "cat/b.jpg"));
  EXPECT_EQ(content->bytes, 9u);
  EXPECT_EQ(content->left_out.hidden, 2u);  // a hidden folder counts once
  EXPECT_EQ(content->left_out.links, 2u);
  EXPECT_EQ(content->left_out.special, 1u);
  EXPECT_EQ(Describe(content->left_out),
            "2 hidden files or folders, 2 symbolic links, 1 pipe, socket or device");
}

TEST_F(FolderTest, SaysNothingWhereNothingIsLeftOut) { EXPECT_EQ(Describe(LeftOut()), ""); }

TEST_F(FolderTest, MindsNoLinkThatLeadsNowhere) {
  Put("cat/a.jpg", "meow");
  fs::create_symlink("loop", root() / "loop");
  fs::create_symlink("b", root() / "a");
  fs::create_symlink("a", root() / "b");
  fs::create_symlink("none", root() / "cat/none.jpg");
  fs::create_directory_symlink(root(), root() / "cat/up");
  const auto content = ListFolder(root());
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_THAT(content->files, ElementsAre(root() / "cat/a.jpg"));
  EXPECT_EQ(content->left_out.links, 5u);
}

TEST_F(FolderTest, SaysThatLinksAreNotFollowed) {
  fs::create_directories(root() / "cat");
  fs::create_symlink("/etc/passwd", root() / "cat/a.jpg");
  const absl::Status status = ListFolder(root()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("holds no files to send, only 1 symbolic"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("links are not followed"));
}

TEST_F(FolderTest, FollowsALinkThatIsTheFolder) {
  Put("cat/a.jpg", "meow");
  fs::create_directory_symlink(root(), folder_.path() / "link");
  const auto content = ListFolder(folder_.path() / "link");
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->files.size(), 1u);
}

TEST_F(FolderTest, SaysWhyThereIsNothing) {
  const absl::Status none = ListFolder(root()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(none)) << none;
  EXPECT_THAT(std::string(none.message()), HasSubstr("No such file or directory"));
  fs::create_directories(root() / "cat");
  EXPECT_THAT(std::string(ListFolder(root()).status().message()), HasSubstr("holds no files"));
}

}  // namespace
}  // namespace graft::client
