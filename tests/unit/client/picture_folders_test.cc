#include "client/cli/picture_folders.h"

#include <fstream>

#include <gmock/gmock.h>

#include "core/base/files.h"

namespace graft::cli {
namespace {

v1::CapturedPicture Answered(const std::string& answer) {
  v1::CapturedPicture picture;
  picture.set_answer(answer);
  picture.set_probability(0.5f);
  return picture;
}

TEST(FolderOf, ALabelIsItsOwnFolderAsFarAsItCanBeOne) {
  EXPECT_EQ(FolderOf(Answered("golden retriever")), "golden retriever");
  EXPECT_EQ(FolderOf(Answered("K\u00f6ter")), "K\u00f6ter");
  EXPECT_EQ(FolderOf(Answered("")), "unanswered");
  v1::CapturedPicture numbers;
  numbers.set_answer("age 41.2");
  EXPECT_EQ(FolderOf(numbers), "numbers");
}

TEST(FolderOf, NoLabelLeadsOutOfTheFolder) {
  struct Case {
    const char* answer;
    const char* folder;
  };
  for (const Case& each : std::initializer_list<Case>{{"..", "__"},
                                                      {".", "_"},
                                                      {"../../etc/passwd", "_._.._etc_passwd"},
                                                      {"/etc", "_etc"},
                                                      {"a/b", "a_b"},
                                                      {"a\\..\\b", "a_.._b"},
                                                      {".hidden", "_hidden"},
                                                      {"end. ", "end._"},
                                                      {"C:", "C_"},
                                                      {"line\nend\x1b[2J", "line_end_[2J"},
                                                      {"\xFF", "_"}}) {
    EXPECT_EQ(FolderOf(Answered(each.answer)), each.folder);
  }
  const std::string nul("a\0b", 3);
  EXPECT_EQ(FolderOf(Answered(nul)), "a_b");
  EXPECT_EQ(FolderOf(Answered(std::string(500, 'x'))), std::string(60, 'x'));
}

TEST(ExtensionOf, FollowsTheBytes) {
  EXPECT_EQ(ExtensionOf("\xFF\xD8\xFF\xE0"), "jpg");
  EXPECT_EQ(ExtensionOf("\x89PNG\r\n"), "png");
  EXPECT_EQ(ExtensionOf(std::string("RIFF\1\0\0\0WEBPVP8 ", 16)), "webp");
  EXPECT_EQ(ExtensionOf("BM12"), "bmp");
  EXPECT_EQ(ExtensionOf("RIFF"), "bin");
  EXPECT_EQ(ExtensionOf(""), "bin");
}

TEST(FilesBelow, FindsWhatHasBeenMoved) {
  auto folder = TempDirectory::Create();
  ASSERT_TRUE(folder.ok());
  EXPECT_TRUE(FilesBelow(folder->path() / "none").empty());
  std::filesystem::create_directories(folder->path() / "cat" / "small");
  std::ofstream(folder->path() / "cat" / "small" / "abc.jpg") << "x";
  EXPECT_TRUE(FilesBelow(folder->path()).contains("abc"));
}

}  // namespace
}  // namespace graft::cli
