#include "core/data/archive_names.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(ArchiveNamesTest, AreMadePlain) {
  EXPECT_EQ(NormaliseArchiveName("./cats//1.jpg").value(), "cats/1.jpg");
  EXPECT_EQ(NormaliseArchiveName("cats/").value(), "cats");
  EXPECT_EQ(NormaliseArchiveName("./").value(), "");
}

TEST(ArchiveNamesTest, AreBounded) {
  std::string deep = "1.jpg";
  for (int i = 1; i < 32; ++i) deep.insert(0, "d/./");
  EXPECT_TRUE(NormaliseArchiveName(deep).ok());
  EXPECT_FALSE(NormaliseArchiveName("d/" + deep).ok());
  std::string longest(1024, 'n');
  for (size_t i = 200; i < longest.size(); i += 200) longest[i] = '/';
  EXPECT_TRUE(NormaliseArchiveName(longest).ok());
  EXPECT_FALSE(NormaliseArchiveName(longest + "n").ok());
}

TEST(Utf8Test, AcceptsWhatTheStandardAcceptsAndNothingElse) {
  for (const char* good : {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

}  // namespace
}  // namespace graft
