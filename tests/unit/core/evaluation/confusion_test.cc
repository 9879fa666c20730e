#include "core/evaluation/confusion.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::evaluation {
namespace {

using ::testing::ElementsAre;

Confusion Sample() {
  Confusion confusion;
  const ConfusionCell cells[] = {{0, 0, 5}, {0, 1, 2}, {1, 1, 9}, {2, 0, 3}, {2, 1, 2}};
  for (const ConfusionCell& cell : cells) {
    for (int64_t i = 0; i < cell.count; ++i) confusion.Add(cell.true_class, cell.predicted_class);
  }
  return confusion;
}

TEST(ConfusionTest, HoldsTheCellsThatAreNotZeroInOrder) {
  const ConfusionCells kept = Sample().Cells(5);
  EXPECT_THAT(kept.cells,
              ElementsAre(ConfusionCell{0, 0, 5}, ConfusionCell{0, 1, 2}, ConfusionCell{1, 1, 9},
                          ConfusionCell{2, 0, 3}, ConfusionCell{2, 1, 2}));
  EXPECT_EQ(kept.left_out, 0);
}

TEST(ConfusionTest, WithoutRoomTheDiagonalGoesFirstAndThenWhatIsRare) {
  const ConfusionCells off_diagonal = Sample().Cells(4);
  EXPECT_THAT(off_diagonal.cells,
              ElementsAre(ConfusionCell{0, 1, 2}, ConfusionCell{2, 0, 3}, ConfusionCell{2, 1, 2}));
  EXPECT_EQ(off_diagonal.left_out, 14);
  const ConfusionCells most = Sample().Cells(2);
  EXPECT_THAT(most.cells, ElementsAre(ConfusionCell{0, 1, 2}, ConfusionCell{2, 0, 3}));
  EXPECT_EQ(most.left_out, 16);
}

TEST(ConfusionTest, CountsByClass) {
  const std::vector<HitCounts> by_class = Sample().ByClass(4);
  EXPECT_EQ(by_class[0].hits, 5);
  EXPECT_EQ(by_class[0].actual, 7);
  EXPECT_EQ(by_class[0].predicted, 8);
  EXPECT_EQ(by_class[2].hits, 0);
  EXPECT_EQ(by_class[2].f1(), 0);
  EXPECT_EQ(by_class[3].precision(), 0) << "nothing of it, and nothing taken for it";
}

}  // namespace
}  // namespace graft::evaluation
