#include "core/image/resize.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/image/color.h"
#include "core/image/decode.h"

namespace graft::image {
namespace {

std::string Load(const std::string& name) {
  std::ifstream file(std::string(GRAFT_TEST_IMAGES) + "/" + name, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Image Base() { return DecodeImage(Load("rgb.png")).value(); }

TEST(ResizeTest, EqualsPillowBitForBit) {
  const nlohmann::json goldens = nlohmann::json::parse(Load("resized.json"));
  ASSERT_EQ(goldens.size(), 6u);
  for (const auto& [key, values] : goldens.items()) {
    std::istringstream words(key);
    std::string filter;
    int width = 0;
    int height = 0;
    words >> filter >> width >> height;
    const Image resized = Resize(
        Base(), width, height,
        filter == "bicubic" ? model::Interpolation::kBicubic : model::Interpolation::kBilinear);
    EXPECT_EQ(resized.rgb, values.get<std::vector<uint8_t>>()) << key;
  }
}

TEST(ResizeTest, SameSizeIsTheSamePicture) {
  EXPECT_EQ(Resize(Base(), 48, 32, model::Interpolation::kBicubic).rgb, Base().rgb);
}

TEST(CropTest, TakesAPartAndPadsOutside) {
  const Image base = Base();
  const Image inside = Crop(base, 10, 5, 4, 3);
  EXPECT_EQ(inside.row(0)[0], base.row(5)[30]);
  EXPECT_EQ(inside.row(2)[9], base.row(7)[39]);
  const Image outside = Crop(base, -2, 30, 4, 4);
  EXPECT_EQ(outside.row(0)[0], 0);                // left of the picture
  EXPECT_EQ(outside.row(0)[6], base.row(30)[0]);  // its first column
  EXPECT_EQ(outside.row(3)[6], 0);                // below it
  EXPECT_EQ(Crop(base, 100, 100, 2, 2).rgb, std::vector<uint8_t>(12, 0));
}

TEST(FlipTest, TwiceIsNothing) {
  Image image = Base();
  FlipHorizontally(image);
  EXPECT_EQ(image.row(0)[3 * 47], 255);  // the bright corner is on the right
  EXPECT_NE(image.rgb, Base().rgb);
  FlipHorizontally(image);
  EXPECT_EQ(image.rgb, Base().rgb);
}

TEST(ColorTest, NeutralFactorsChangeNothing) {
  Image image = Base();
  AdjustBrightness(image, 1);
  AdjustContrast(image, 1);
  AdjustSaturation(image, 1);
  EXPECT_EQ(image.rgb, Base().rgb);
  AdjustHue(image, 0);
  EXPECT_EQ(image.rgb, Base().rgb);
}

TEST(ColorTest, ExtremesAreWhatTheyAreCalled) {
  Image black = Base();
  AdjustBrightness(black, 0);
  EXPECT_EQ(black.rgb, std::vector<uint8_t>(black.rgb.size(), 0));
  Image grey = Base();
  AdjustSaturation(grey, 0);
  for (size_t i = 0; i < grey.rgb.size(); i += 3) EXPECT_EQ(grey.rgb[i], grey.rgb[i + 1]);
  Image flat = Base();
  AdjustContrast(flat, 0);
  for (const uint8_t value : flat.rgb) EXPECT_EQ(value, flat.rgb[0]);
  Image red{1, 1, {255, 0, 0}};
  AdjustHue(red, 1.0 / 3);  // a third of the circle: green
  EXPECT_EQ(red.rgb, (std::vector<uint8_t>{0, 255, 0}));
}

}  // namespace
}  // namespace graft::image
