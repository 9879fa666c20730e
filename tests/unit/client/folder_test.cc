#include "client/lib/folder.h"

#include <fstream>
#include <string>
#include <unistd.h>

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
            "2 hidden files or folders, 2 symbolic links (of folders: 'etc'), 1 pipe, socket or "
            "device");
}

// The server is to say that a class has no pictures, as it would of a tar of the folder.
TEST_F(FolderTest, KeepsFoldersWithoutFilesAndLinksToFolders) {
  Put("cat/a.jpg", "meow");
  Put("cat/young/b.jpg", "mew");
  Put("owl/.DS_Store", "x");
  fs::create_directories(root() / "birds/small");
  fs::create_directory_symlink(root() / "cat", root() / "dog");
  const auto content = ListFolder(root());
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_THAT(content->empty_folders,
              ElementsAre(root() / "birds/small", root() / "dog", root() / "owl"));
  EXPECT_THAT(content->left_out.linked_folders, ElementsAre("dog"));
  EXPECT_THAT(content->files, ElementsAre(root() / "cat/a.jpg", root() / "cat/young/b.jpg"));
}

TEST_F(FolderTest, PassesOverWhatSystemsKeep) {
  Put("cat/a.jpg", "meow");
  Put("lost+found/x.jpg", "x");
  Put("@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "x");
  const auto content = ListFolder(root());
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->files.size(), 1u);
  EXPECT_EQ(content->left_out.hidden, 2u);
}

TEST_F(FolderTest, NamesTheFolderThatCannotBeRead) {
  Put("cat/a.jpg", "meow");
  Put("cat/private/a.jpg", "purr");
  fs::permissions(folder_.path(),
                  fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(root() / "cat/private", fs::perms::none);
  const bool root_user = ::geteuid() == 0;  // whom permissions do not stop
  if (root_user) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const absl::Status status = ListFolder(root()).status();
  if (root_user) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  fs::permissions(root() / "cat/private", fs::perms::owner_all);
  EXPECT_EQ(status, absl::InvalidArgumentError("cannot read '" + (root() / "cat/private").string() +
                                               "': Permission denied"));
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
