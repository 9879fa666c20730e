#include "client/cli/progress.h"

#include <string>

#include "gtest/gtest.h"

namespace graft::cli {
namespace {

TEST(DeservesLineTest, AtFirstAndWhereTheStageChanges) {
  EXPECT_TRUE(IsLineDue(std::nullopt, "features", 0));
  EXPECT_TRUE(IsLineDue(ProgressMark{"features", 0.31}, "head", 0.31));
}

TEST(DeservesLineTest, AtEveryTenth) {
  EXPECT_FALSE(IsLineDue(ProgressMark{"head", 0.31}, "head", 0.31));
  EXPECT_FALSE(IsLineDue(ProgressMark{"head", 0.31}, "head", 0.39));
  EXPECT_TRUE(IsLineDue(ProgressMark{"head", 0.39}, "head", 0.4));
  EXPECT_TRUE(IsLineDue(ProgressMark{"head", 0.31}, "head", 0.95));
  EXPECT_TRUE(IsLineDue(ProgressMark{"head", 0.99}, "head", 1));
  EXPECT_FALSE(IsLineDue(ProgressMark{"head", 1}, "head", 1));
  // After a crash a job goes on from its checkpoint, behind where it was.
  EXPECT_TRUE(IsLineDue(ProgressMark{"head", 0.5}, "head", 0.2));
}

std::string Shown(Progress::Style style) {
  testing::internal::CaptureStderr();
  Progress progress(style);
  for (int percent = 0; percent <= 20; percent += 5) {
    progress.Show(percent / 100.0, "head", "head epoch " + std::to_string(percent) + "\n");
  }
  return testing::internal::GetCapturedStderr();
}

TEST(ProgressTest, ShowsLinesWhereThereIsNoTerminal) {
  EXPECT_EQ(Shown(Progress::Style::kLines),
            "  0 %  head epoch 0?\n"
            " 10 %  head epoch 10?\n"
            " 20 %  head epoch 20?\n");
  EXPECT_EQ(Shown(Progress::Style::kSilent), "");
}

}  // namespace
}  // namespace graft::cli
