#include "core/image/decode.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/image/encode.h"
#include "core/image/probe.h"

namespace graft::image {
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
  for (const char* name : {"rgb.bmp", "rgb.webp", "rgb16.png", "top_down.bmp"}) {
    EXPECT_EQ(LargestDifference(DecodeImage(Load(name)).value(), Reference()), 0) << name;
  }
}

TEST(DecodeTest, LossyFormatsAreClose) {
  for (const char* name : {"rgb.jpg", "progressive.jpg", "cmyk.jpg", "cmyk_plain.jpg", "ycck.jpg",
                           "jpeg_and_zip.jpg"}) {
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

TEST(DecodeTest, TransparentColoursOfAPaletteAreWhite) {
  const Image image = DecodeImage(Load("palette_alpha.png")).value();
  const Image reference = Reference();
  ASSERT_EQ(image.width, reference.width);
  for (int y = 0; y < 32; ++y) {
    for (int at = 0; at < 3 * 48; ++at) {
      const int expected = at >= 3 * 24 ? 255 : reference.row(y)[at];
      ASSERT_NEAR(image.row(y)[at], expected, at >= 3 * 24 ? 0 : 64) << at;
    }
  }
}

TEST(DecodeTest, TheTransparentShadeOfGreyIsWhite) {
  const struct {
    const char* name;
    int step;
  } cases[] = {{"grey2_trns.png", 85}, {"grey8_trns.png", 32}, {"grey16_trns.png", 32}};
  for (const auto& [name, step] : cases) {
    const Image image = DecodeImage(Load(name)).value();
    ASSERT_EQ(image.width, 8);
    for (int x = 0; x < 8; ++x) {
      const int shade = step == 85 ? x % 4 * step : x * step;
      const bool clear = shade == 2 * step;
      EXPECT_NEAR(image.row(1)[3 * x], clear ? 255 : shade, clear ? 0 : 1) << name << " " << x;
    }
  }
}

// Without a mask for it the fourth byte of a pixel means nothing; it came out as transparency, and
// the whole picture white.
TEST(DecodeTest, FourthByteOfABmpIsAlphaOnlyWhereItHasAMask) {
  for (const char* name : {"bitfields.bmp", "bitfields_top_down.bmp", "bitfields_swapped.bmp"}) {
    EXPECT_EQ(LargestDifference(DecodeImage(Load(name)).value(), Reference()), 0) << name;
  }
  const Image half = DecodeImage(Load("bitfields_alpha.bmp")).value();
  const Image reference = Reference();
  for (size_t i = 0; i < half.rgb.size(); ++i) {
    ASSERT_NEAR(half.rgb[i], (255 + reference.rgb[i]) / 2.0, 1) << i;
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

// CRC-32 as PNG has it, big-endian.
std::string Crc(const std::string& bytes) {
  uint32_t crc = UINT32_MAX;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
  }
  crc = ~crc;
  std::string big_endian(4, '\0');
  for (int i = 0; i < 4; ++i) big_endian[i] = static_cast<char>(crc >> (24 - 8 * i));
  return big_endian;
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
        BadCase{"PngOfNoDepth",
                [] {
                  std::string bytes = Load("grey8_trns.png");
                  bytes[24] = 0;
                  // The header's checksum, which must hold for the header to be looked at.
                  bytes.replace(29, 4, Crc(bytes.substr(12, 17)));
                  return bytes;
                },
                "damaged PNG"},
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
        BadCase{"BmpWithoutItsMasks", [] { return Load("bitfields.bmp").substr(0, 60); },
                "truncated BMP"},
        BadCase{"BmpWithMasksOfTenBits", [] { return Load("bitfields_ten.bmp"); },
                "unusual colour masks"},
        BadCase{"BmpWithMasksBehindItsHeader", [] { return Load("bitfields_swapped_short.bmp"); },
                "unusual colour masks"},
        BadCase{"BmpOfOs2",
                [] {
                  std::string bytes = Load("rgb.bmp");
                  bytes[14] = 12;
                  return bytes;
                },
                "an OS/2 BMP is not supported"},
        BadCase{"GifOfTwoFrames", [] { return Load("animation.gif"); }, "GIF is not supported"},
        BadCase{"WebpOfTwoFrames", [] { return Load("animation.webp"); },
                "an animated WebP is not supported"},
        BadCase{"ZipFirstThenJpeg", [] { return std::string("PK\3\4") + Load("rgb.jpg"); },
                "not an image"},
        BadCase{"Svg", [] { return std::string("<svg xmlns='...'></svg>"); }, "SVG"},
        BadCase{"Heic",
                [] { return std::string("\0\0\0\x18", 4) + "ftypheic" + std::string(40, '\0'); },
                "HEIC"},
        BadCase{"Tiff", [] { return std::string("II*\0", 4) + std::string(40, '\0'); }, "TIFF"},
        BadCase{"Zip", [] { return std::string("PK\3\4") + std::string(40, '\0'); },
                "not an image"}),
    [](const auto& test) { return test.param.name; });

// Runs `decode` in a process that may take `megabytes` more than it has.
int CodeWithLittleMemory(const std::string& bytes, size_t megabytes) {
  std::ifstream statm("/proc/self/statm");
  size_t pages = 0;
  statm >> pages;
  const rlim_t most = pages * static_cast<size_t>(::getpagesize()) + (megabytes << 20);
  const rlimit limit = {most, most};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) return -1;
  return static_cast<int>(DecodeImage(bytes).status().code());
}

// A retry later, or on a larger machine, is right; the user's photograph is not damaged.
TEST(DecodeDeathTest, OutOfMemoryIsNotCalledDamage) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer needs more memory than this leaves";
#endif
  // A progressive JPEG is kept as coefficients, of the size its header says.
  std::string jpeg = Load("progressive.jpg");
  const size_t frame = jpeg.find("\xFF\xC2");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x1F\x40\x1F\x40");  // 8,000 x 8,000
  const std::string png = EncodePng(MakeImage(7'000, 7'000)).value();
  const int expected = static_cast<int>(absl::StatusCode::kResourceExhausted);
  EXPECT_EXIT(std::_Exit(CodeWithLittleMemory(jpeg, 64)), testing::ExitedWithCode(expected), "");
  EXPECT_EXIT(std::_Exit(CodeWithLittleMemory(png, 64)), testing::ExitedWithCode(expected), "");
}

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
}  // namespace graft::image
