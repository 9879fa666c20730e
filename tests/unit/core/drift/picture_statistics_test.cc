#include "core/drift/picture_statistics.h"

#include <vector>

#include <gtest/gtest.h>

namespace graft::drift {
namespace {

constexpr int kHeight = 224;
constexpr int kWidth = 192;

enum Statistic { kBrightness, kContrast, kSaturation, kSharpness };

// Of a colour for each place.
template <typename F>
std::vector<uint8_t> Picture(F colour) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      for (const int channel : colour(y, x)) pixels.push_back(static_cast<uint8_t>(channel));
    }
  }
  return pixels;
}
using Colour = std::array<int, 3>;

PictureStatistics Of(const std::vector<uint8_t>& pixels) {
  return StatisticsOf(pixels, kHeight, kWidth);
}

TEST(PictureStatistics, OfOneColour) {
  const PictureStatistics of = Of(Picture([](int, int) { return Colour{200, 100, 50}; }));
  EXPECT_FLOAT_EQ(of[kBrightness], 350 / 765.f);
  EXPECT_FLOAT_EQ(of[kContrast], 0);
  EXPECT_FLOAT_EQ(of[kSaturation], 0.75);
  EXPECT_FLOAT_EQ(of[kSharpness], 0);
}

TEST(PictureStatistics, OfBlackAndWhiteHalves) {
  const PictureStatistics of = Of(Picture([](int y, int) {
    return y < kHeight / 2 ? Colour{} : Colour{255, 255, 255};
  }));
  EXPECT_FLOAT_EQ(of[kBrightness], 0.5);
  EXPECT_FLOAT_EQ(of[kContrast], 0.5);
  EXPECT_FLOAT_EQ(of[kSaturation], 0);
  EXPECT_FLOAT_EQ(of[kSharpness], 0) << "neighbours in a row are alike";
}

TEST(PictureStatistics, SharpnessIsOfNeighboursWhateverTheContrast) {
  const auto columns = [](int width, int white) {
    return Of(Picture([=](int, int x) {
      const int value = x / width % 2 == 0 ? 0 : white;
      return Colour{value, value, value};
    }));
  };
  // A step is two deviations; half of all neighbours have one between them, and one in twenty.
  EXPECT_NEAR(columns(2, 255)[kSharpness], 1, 0.05);
  EXPECT_NEAR(columns(20, 255)[kSharpness], 0.1, 0.05);
  EXPECT_NEAR(columns(2, 60)[kSharpness], 1, 0.05);
  EXPECT_GT(columns(2, 255)[kContrast], 4 * columns(2, 60)[kContrast]);
}

TEST(PictureStatistics, AreTheSameForAnyOrderOfChannels) {
  const auto colours = [](int y, int x) { return Colour{y, x, (x * y) % 256}; };
  const auto turned = [&](int y, int x) {
    const Colour colour = colours(y, x);
    return Colour{colour[2], colour[1], colour[0]};
  };
  EXPECT_EQ(Of(Picture(colours)), Of(Picture(turned)));
}

TEST(PictureStatistics, ADarkerPictureIsDarkerAndNothingElse) {
  const auto bright = Of(Picture([](int y, int x) { return Colour{y, x, (x + y) / 2}; }));
  const auto dark = Of(Picture([](int y, int x) { return Colour{y / 4, x / 4, (x + y) / 8}; }));
  EXPECT_NEAR(dark[kBrightness], bright[kBrightness] / 4, 0.01);
  EXPECT_NEAR(dark[kContrast], bright[kContrast] / 4, 0.01);
  EXPECT_NEAR(dark[kSaturation], bright[kSaturation], 0.02);
}

TEST(PictureStatistics, OfTheSmallestPicture) {
  const std::vector<uint8_t> pixel = {255, 255, 255};
  EXPECT_EQ(StatisticsOf(pixel, 1, 1), (PictureStatistics{1, 0, 0, 0}));
}

}  // namespace
}  // namespace graft::drift
