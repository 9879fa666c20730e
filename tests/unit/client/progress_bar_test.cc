#include "client/cli/progress_bar.h"

#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace graft::cli {
namespace {

TEST(RenderBarTest, FillsWithTheFraction) {
  EXPECT_EQ(RenderBar(0, "waiting", 80), "[----------------------------]   0 %  waiting");
  EXPECT_EQ(RenderBar(0.5, "head", 80), "[##############--------------]  50 %  head");
  EXPECT_EQ(RenderBar(1, "done", 80), "[############################] 100 %  done");
}

TEST(RenderBarTest, TakesAnyFraction) {
  EXPECT_EQ(RenderBar(7, "", 80), RenderBar(1, "", 80));
  EXPECT_EQ(RenderBar(-1, "", 80), RenderBar(0, "", 80));
  EXPECT_EQ(RenderBar(std::numeric_limits<double>::quiet_NaN(), "", 80), RenderBar(0, "", 80));
}

TEST(RenderBarTest, CutsAndCleansWhatAServerSays) {
  const std::string bar = RenderBar(0, "", 80);
  EXPECT_EQ(RenderBar(0, "k\u00e4fer", static_cast<int>(bar.size()) + 3), bar + "k\u00e4");
  EXPECT_EQ(RenderBar(0, "a\nb\x1b[2J", 80), bar + "a?b?[2J");
}

TEST(RenderBarTest, StaysWithinTheTerminal) {
  for (const int columns : {0, 1, 10, 40, 50}) {
    const std::string line = RenderBar(0.3, "a text that is too long for this", columns);
    EXPECT_LE(static_cast<int>(line.size()), std::max(columns - 1, 0)) << columns;
    EXPECT_TRUE(absl::StartsWith(RenderBar(0.3, "a text that is too long for this", 200), line));
  }
}

}  // namespace
}  // namespace graft::cli
