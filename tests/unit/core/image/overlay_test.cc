#include "core/image/overlay.h"

#include <gtest/gtest.h>

namespace graft::image {
namespace {

Image Grey(int width, int height) {
  Image image = MakeImage(width, height);
  for (uint8_t& value : image.rgb) value = 100;
  return image;
}

TEST(DrawHeatMap, IsRedWhereItIsHotAndBlueWhereItIsNot) {
  model::HeatMap map;
  map.height = 1;
  map.width = 2;
  map.values = {1, 0};
  const Image drawn = DrawHeatMap(Grey(20, 10), map);
  ASSERT_EQ(drawn.width, 20);
  ASSERT_EQ(drawn.height, 10);
  const uint8_t* const hot = drawn.row(5);
  const uint8_t* const cold = drawn.row(5) + 19 * 3;
  EXPECT_GT(hot[0], 150);
  EXPECT_LT(hot[2], 80);
  EXPECT_LT(cold[0], 100);
  EXPECT_GT(cold[2], 110);
  // In between the colours change step by step.
  for (int x = 1; x < 20; ++x) {
    EXPECT_LE(drawn.row(5)[x * 3], drawn.row(5)[(x - 1) * 3] + 12) << x;
  }
}

TEST(DrawHeatMap, DarkensWhatItDoesNotReach) {
  model::HeatMap map;
  map.height = map.width = 1;
  map.values = {1};
  map.left = 0.25;
  map.right = 0.75;
  map.top = -0.5;  // as of a letterbox
  map.bottom = 1.5;
  const Image drawn = DrawHeatMap(Grey(20, 10), map);
  EXPECT_LT(drawn.row(5)[0], 50);
  EXPECT_GT(drawn.row(5)[10 * 3], 150);
  EXPECT_GT(drawn.row(0)[10 * 3], 150);
  EXPECT_LT(drawn.row(5)[19 * 3], 50);
}

}  // namespace
}  // namespace graft::image
