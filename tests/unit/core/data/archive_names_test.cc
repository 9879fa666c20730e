#include "core/data/archive_names.h"

#include <string>

#include <gtest/gtest.h>

namespace graft::data {
namespace {

std::string Plain(const std::string& name, bool backslashes = false) {
  const absl::StatusOr<PlainName> plain = NormaliseArchiveName(name, backslashes);
  EXPECT_TRUE(plain.ok()) << plain.status();
  return plain.ok() ? plain->name : "";
}

std::string Problem(const std::string& name) {
  return NormaliseArchiveName(name, false).value().problem;
}

TEST(ArchiveNamesTest, AreMadePlain) {
  EXPECT_EQ(Plain("./cats//1.jpg"), "cats/1.jpg");
  EXPECT_EQ(Plain("cats/"), "cats");
  EXPECT_EQ(Plain("./"), "");
  EXPECT_EQ(Plain("/"), "");
  EXPECT_EQ(Plain("cats\\1.jpg", true), "cats/1.jpg");
  EXPECT_EQ(Plain("\\", true), "");
}

TEST(ArchiveNamesTest, AreBounded) {
  std::string deep = "1.jpg";
  for (int i = 1; i < 32; ++i) deep.insert(0, "d/./");
  EXPECT_EQ(Problem(deep), "");
  EXPECT_NE(Problem("d/" + deep), "");
  std::string longest(4096, 'n');
  for (size_t i = 200; i < longest.size(); i += 200) longest[i] = '/';
  EXPECT_EQ(Problem(longest), "");
  EXPECT_NE(Problem(longest + "n"), "");
}

TEST(ArchiveNamesTest, WhatIsUnsafeIsRefusedWhateverElseIsWrong) {
  for (const char* name : {"/etc/passwd", "../x", "a/../x", "a\\..\\x", "\\\\host\\x", "C:\\x",
                           "C:/x", "../\xFF.jpg"}) {
    EXPECT_FALSE(NormaliseArchiveName(name, true).ok()) << name;
  }
  EXPECT_FALSE(NormaliseArchiveName("a\\..\\x", false).ok());
}

TEST(ArchiveNamesTest, WhatSystemsLeaveBehindIsHidden) {
  for (const char* name : {".DS_Store",
                           "cats/._1.jpg",
                           "__MACOSX/cats/1.jpg",
                           "cats/Thumbs.db",
                           "THUMBS.DB",
                           "Desktop.ini",
                           "cats/Icon\r",
                           "@eaDir/IMG.jpg/SYNOPHOTO_THUMB_M.jpg",
                           "cats/@eaDir/1.jpg",
                           "#recycle/cats/1.jpg",
                           "$RECYCLE.BIN/1.jpg",
                           "lost+found/#12",
                           "System Volume Information/x",
                           ".Trashes/1.jpg",
                           "cats/.@__thumb/1.jpg",
                           "#snapshot/daily/1.jpg",
                           "@Recycle/1.jpg",
                           "SYNOFILE_THUMB_M.png",
                           "~$cats.docx",
                           ".git/objects/ab/cd",
                           "LOST.DIR/12",
                           "Temporary Items/1.jpg"}) {
    EXPECT_TRUE(IsHiddenName(name)) << name;
    EXPECT_TRUE(NormaliseArchiveName(name, false).value().hidden) << name;
  }
  for (const char* name : {"cats/1.jpg", "recycle/1.jpg", "icon/1.jpg", "#1/1.jpg", "@home/1.jpg",
                           "system volume/1.jpg", "found/1.jpg", "recycler/1.jpg"}) {
    EXPECT_FALSE(IsHiddenName(name)) << name;
  }
}

}  // namespace
}  // namespace graft::data
