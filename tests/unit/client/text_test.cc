#include "client/cli/text.h"

#include "gtest/gtest.h"

namespace graft::cli {
namespace {

TEST(PrintableTest, CannotMoveTheCursor) {
  EXPECT_EQ(Printable("\x1b[2Jcat.jpg\r"), "?[2Jcat.jpg?");
  EXPECT_EQ(Printable("a\x7f"), "a?");
  // C1 controls, as UTF-8: U+009B begins an escape sequence on some terminals.
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J"),
            "?2J");
  EXPECT_EQ(Printable("Käfer \xc2\xa0 größe\t猫 🐈\n"), "Käfer \xc2\xa0 größe\t猫 🐈\n");
}

TEST(PrintableTest, CannotTurnALineRound) {
  EXPECT_EQ(Printable("cat\u202Egpj.exe"), "cat?gpj.exe");
  EXPECT_EQ(Printable("\u202A\u202B\u202C\u202D\u2066\u2067\u2068\u2069"), "????????");
  EXPECT_EQ(Printable("\u2028"), "?");
  EXPECT_EQ(Printable("\u2029\u202F\u2065\u206A"), "?\u202F\u2065\u206A");
}

TEST(PrintableTest, TakesOutWhatIsNoUtf8) {
  EXPECT_EQ(Printable("gr\xf6\xdf"
                      "e"),
            "gr??e");
  EXPECT_EQ(Printable("\x9b"
                      "2J"),
            "?2J");                        // a C1 control in Latin-1
  EXPECT_EQ(Printable("\xc0\x8a"), "??");  // an overlong line end
  EXPECT_EQ(Printable("a\xe7\x8c"), "a??");
  EXPECT_EQ(Printable(""), "");
}

TEST(PrintableLineTest, StaysOnItsLine) {
  EXPECT_EQ(PrintableLine("a\nb\tc\x1b"), "a?b?c?");
  EXPECT_EQ(PrintableLine("Käfer"), "Käfer");
}

TEST(CutToTest, CutsBetweenCharacters) {
  EXPECT_EQ(CutTo("Käfer", 2), "Kä");
  EXPECT_EQ(CutTo("猫猫", 1), "猫");
  EXPECT_EQ(CutTo("cat", 0), "");
  EXPECT_EQ(CutTo("cat", 3), "cat");
  EXPECT_EQ(CutTo("cat", 9), "cat");
}

TEST(WidthTest, CountsCharacters) {
  EXPECT_EQ(Width("Käfer"), 5u);
  EXPECT_EQ(Width(""), 0u);
}

}  // namespace
}  // namespace graft::cli
