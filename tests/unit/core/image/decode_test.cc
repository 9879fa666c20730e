#include "core/image/decode.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/image/encode.h"
#include "core/image/probe.h"

namespace graft {
namespace {

using testing::HasSubstr;

std::string Load(const std::string& name) {
  std::ifstream file(std::string(GRAFT_TEST_IMAGES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Image Reference() { return DecodeImage(Load("rgb.png")).value(); }

// The largest difference of any value, or 256 where the sizes differ.
int LargestDifference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

int MeanDifference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 256;
  int64_t sum = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return static_cast<int>(sum / static_cast<int64_t>(a.rgb.size()));
}

TEST(DecodeTest, PngHasTheColoursItWasMadeWith) {
  const Image image = Reference();
  ASSERT_EQ(image.width, 48);
  ASSERT_EQ(image.height, 32);
  EXPECT_EQ(image.row(0)[0], 255);  // the bright corner
  EXPECT_EQ(image.row(0)[1], 240);
  EXPECT_EQ(image.row(0)[2], 20);
  EXPECT_EQ(image.row(31)[3 * 47 + 1], 31 * 255 / 32);
}

TEST(DecodeTest, LosslessFormatsAgree) {
  for (const char* name : {"rgb.bmp", "rgb.webp"}) {
    EXPECT_EQ(LargestDifference(DecodeImage(Load(name)).value(), Reference()), 0) << name;
  }
}

TEST(DecodeTest, LossyFormatsAreClose) {
  for (const char* name : {"rgb.jpg", "progressive.jpg", "cmyk.jpg"}) {
    EXPECT_LE(MeanDifference(DecodeImage(Load(name)).value(), Reference()), 5) << name;
  }
}

// 64 colours for some 700: the picture is coarse, but each colour is near.
TEST(DecodeTest, PaletteIsExpanded) {
  EXPECT_LE(MeanDifference(DecodeImage(Load("palette.png")).value(), Reference()), 8);
}

TEST(DecodeTest, GreyBecomesThreeEqualChannels) {
  const Image grey = DecodeImage(Load("grey.png")).value();
  for (size_t i = 0; i < grey.rgb.size(); i += 3) {
    ASSERT_EQ(grey.rgb[i], grey.rgb[i + 1]);
    ASSERT_EQ(grey.rgb[i], grey.rgb[i + 2]);
  }
  EXPECT_LE(LargestDifference(DecodeImage(Load("grey16.png")).value(), grey), 0);
  EXPECT_LE(MeanDifference(DecodeImage(Load("grey.jpg")).value(), grey), 2);
}

TEST(DecodeTest, TransparencyIsWhite) {
  const Image rgba = DecodeImage(Load("rgba.png")).value();
  const Image grey_alpha = DecodeImage(Load("grey_alpha.png")).value();
  const Image reference = Reference();
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 48; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int at = 3 * x + c;
        ASSERT_EQ(rgba.row(y)[at], x >= 24 ? 255 : reference.row(y)[at]);
        if (x >= 24) {
          ASSERT_EQ(grey_alpha.row(y)[at], 255);
        }
      }
    }
  }
}

class ExifTest : public testing::TestWithParam<int> {};

TEST_P(ExifTest, PictureStandsUpright) {
  const std::string name = "exif" + std::to_string(GetParam()) + ".jpg";
  EXPECT_EQ(ProbeImage(Load(name)).value().orientation, GetParam());
  EXPECT_LE(MeanDifference(DecodeImage(Load(name)).value(), Reference()), 4);
}

INSTANTIATE_TEST_SUITE_P(All, ExifTest, testing::Range(1, 9));

TEST(DecodeTest, SmallestPicture) {
  const Image image = DecodeImage(Load("tiny.png")).value();
  EXPECT_EQ(image.width, 1);
  EXPECT_EQ(image.height, 1);
}

TEST(DecodeTest, EncodedImagesComeBack) {
  const Image reference = Reference();
  EXPECT_EQ(LargestDifference(DecodeImage(EncodePng(reference).value()).value(), reference), 0);
  EXPECT_LE(MeanDifference(DecodeImage(EncodeJpeg(reference, 95).value()).value(), reference), 4);
}

// --- Bad input -----------------------------------------------------------------------------------

struct BadCase {
  const char* name;
  std::string (*bytes)();
  const char* message;
};

std::string Cut(const std::string& name, double share) {
  const std::string whole = Load(name);
  return whole.substr(0, static_cast<size_t>(static_cast<double>(whole.size()) * share));
}

// A PNG whose header says 100,000 x 100,000.
std::string PixelBomb() {
  std::string bytes = Load("rgb.png");
  for (const size_t at : {size_t{16}, size_t{20}})
    bytes.replace(at, 4, std::string("\0\1\x86\xA0", 4));
  return bytes;
}

class BadImageTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadImageTest, IsRefusedWithTheCause) {
  const absl::Status status = DecodeImage(GetParam().bytes()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadImageTest,
    testing::Values(
        BadCase{"Empty", [] { return std::string(); }, "empty"},
        BadCase{"NotAnImage", [] { return std::string(1000, 'x'); }, "not an image"},
        BadCase{"TruncatedJpeg", [] { return Cut("rgb.jpg", 0.7); }, "truncated JPEG"},
        BadCase{"TruncatedProgressive", [] { return Cut("progressive.jpg", 0.7); },
                "truncated JPEG"},
        BadCase{"JpegHeaderOnly", [] { return Cut("rgb.jpg", 0.4); }, "JPEG"},
        BadCase{"JpegMagicOnly", [] { return std::string("\xFF\xD8\xFF"); }, "JPEG"},
        BadCase{"TruncatedPng", [] { return Cut("rgb.png", 0.6); }, "truncated PNG"},
        BadCase{"PngBadCrc",
                [] {
                  std::string bytes = Load("rgb.png");
                  bytes[bytes.size() / 2] ^= 1;
                  return bytes;
                },
                "checksum"},
        BadCase{"PixelBomb", PixelBomb, "100000 x 100000"},
        BadCase{"NoPixels",
                [] {
                  std::string bytes = Load("rgb.png");
                  bytes.replace(16, 4, std::string(4, '\0'));
                  return bytes;
                },
                "no pixels"},
        BadCase{"TruncatedBmp", [] { return Cut("rgb.bmp", 0.5); }, "truncated BMP"},
        BadCase{"TruncatedWebp", [] { return Cut("rgb.webp", 0.5); }, "truncated WebP"},
        BadCase{"Gif", [] { return Load("animation.gif"); }, "GIF is not supported"},
        BadCase{"Svg", [] { return std::string("<svg xmlns='...'></svg>"); }, "SVG"},
        BadCase{"Heic",
                [] { return std::string("\0\0\0\x18", 4) + "ftypheic" + std::string(40, '\0'); },
                "HEIC"},
        BadCase{"Tiff", [] { return std::string("II*\0", 4) + std::string(40, '\0'); }, "TIFF"},
        BadCase{"Zip", [] { return std::string("PK\3\4") + std::string(40, '\0'); },
                "not an image"}),
    [](const auto& test) { return test.param.name; });

TEST(DecodeTest, LimitsAreOptions) {
  ImageLimits limits;
  limits.max_pixels = 1000;
  EXPECT_THAT(std::string(DecodeImage(Load("rgb.png"), limits).status().message()),
              HasSubstr("48 x 32"));
  limits = {};
  limits.max_bytes = 10;
  EXPECT_THAT(std::string(DecodeImage(Load("rgb.png"), limits).status().message()),
              HasSubstr("at most 10"));
}

}  // namespace
}  // namespace graft
