// Files as telephones, webcams, scanners and servers write them: against their format's rules, with
// all pixels there, or with some missing.
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/image/decode.h"

namespace graft::image {
namespace {

using testing::HasSubstr;

std::string Load(const std::string& name) {
  std::ifstream file(std::string(GRAFT_TEST_IMAGES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Where the data of a JPEG's first scan begins.
size_t ScanOf(const std::string& jpeg) {
  const size_t marker = jpeg.find("\xFF\xDA");
  return marker + 2 + static_cast<unsigned char>(jpeg[marker + 3]);
}

std::string WithoutEnd(const std::string& jpeg) { return jpeg.substr(0, jpeg.size() - 2); }

std::string BeforeEnd(const std::string& jpeg, const std::string& bytes) {
  return WithoutEnd(jpeg) + bytes + "\xFF\xD9";
}

std::string Chunk(const std::string& type, const std::string& data, const std::string& crc) {
  std::string size(4, '\0');
  size[3] = static_cast<char>(data.size());
  return size + type + data + crc;
}

struct GoodFile {
  const char* title;
  std::string bytes;
  const char* like;  // the file without the oddity
};

void PrintTo(const GoodFile& good, std::ostream* out) { *out << good.title; }

class GoodFileTest : public testing::TestWithParam<GoodFile> {};

TEST_P(GoodFileTest, IsThePictureItIs) {
  const absl::StatusOr<Image> image = DecodeImage(GetParam().bytes);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->rgb, DecodeImage(Load(GetParam().like)).value().rgb);
}

std::vector<GoodFile> GoodFiles() {
  const std::string jpeg = Load("rgb.jpg");
  const std::string progressive = Load("progressive.jpg");
  const std::string png = Load("rgb.png");
  const size_t idat = png.find("IDAT") - 4;
  std::string samsung = jpeg;
  samsung.replace(ScanOf(jpeg) - 3, 3, std::string(3, '\0'));
  std::string revision = jpeg;
  revision.replace(jpeg.find("JFIF") + 5, 2, std::string(2, '\0'));
  std::string future = jpeg;
  future.replace(jpeg.find("JFIF") + 5, 2, "\x09\x63");
  std::string before_frame = jpeg;
  before_frame.insert(jpeg.find("\xFF\xDB"), "some words");
  return {
      {"ScanHeaderOfZeros", samsung, "rgb.jpg"},
      {"JfifRevisionZero", revision, "rgb.jpg"},
      {"JfifRevisionOfTheFuture", future, "rgb.jpg"},
      {"ZerosBeforeTheEnd", BeforeEnd(jpeg, std::string(65, '\0')), "rgb.jpg"},
      {"ManyZerosBeforeTheEnd", BeforeEnd(jpeg, std::string(50'000, '\0')), "rgb.jpg"},
      {"ZerosBeforeTheEndOfAProgressive", BeforeEnd(progressive, std::string(65, '\0')),
       "progressive.jpg"},
      {"FillBeforeTheEnd", BeforeEnd(jpeg, std::string(9, '\xFF')), "rgb.jpg"},
      {"LineEndsBeforeTheEnd", BeforeEnd(jpeg, "\r\n\r\n"), "rgb.jpg"},
      {"AFewBytesBeforeTheEnd", BeforeEnd(jpeg, "\x12\x34\x56"), "rgb.jpg"},
      {"WordsAmongTheHeaders", before_frame, "rgb.jpg"},
      {"WithoutItsEnd", WithoutEnd(jpeg), "rgb.jpg"},
      {"WithHalfItsEnd", jpeg.substr(0, jpeg.size() - 1), "rgb.jpg"},
      {"ZerosForItsEnd", WithoutEnd(jpeg) + std::string(100, '\0'), "rgb.jpg"},
      {"ProgressiveWithoutItsEnd", WithoutEnd(progressive), "progressive.jpg"},
      {"CmykWithoutItsEnd", WithoutEnd(Load("cmyk.jpg")), "cmyk.jpg"},
      {"BytesBehindItsEnd", jpeg + "and more, as a film of a telephone", "rgb.jpg"},
      {"AnotherPictureBehindItsEnd", jpeg + Load("grey.jpg"), "rgb.jpg"},
      {"PngWithABadTextChecksum",
       png.substr(0, idat) + Chunk("tEXt", std::string("Software\0x", 10), "bad!") +
           png.substr(idat),
       "rgb.png"},
      {"PngWithABadTime", png.substr(0, idat) + Chunk("tIME", "1234567", "bad!") + png.substr(idat),
       "rgb.png"},
      {"PngWithoutItsEnd", png.substr(0, png.size() - 12), "rgb.png"},
      {"PngWithHalfItsEnd", png.substr(0, png.size() - 5), "rgb.png"},
      {"PngWithBytesBehindItsEnd", png + "more", "rgb.png"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, GoodFileTest, testing::ValuesIn(GoodFiles()),
                         [](const auto& test) { return test.param.title; });

struct LostFile {
  const char* title;
  std::string bytes;
  const char* message;
};

void PrintTo(const LostFile& lost, std::ostream* out) { *out << lost.title; }

class LostFileTest : public testing::TestWithParam<LostFile> {};

TEST_P(LostFileTest, IsRefused) {
  const absl::Status status = DecodeImage(GetParam().bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

std::vector<LostFile> LostFiles() {
  const std::string jpeg = Load("rgb.jpg");
  const std::string progressive = Load("progressive.jpg");
  const size_t scan = ScanOf(jpeg);
  const size_t length = jpeg.size() - 2 - scan;
  const auto cut = [](const std::string& bytes, double share) {
    return bytes.substr(0, static_cast<size_t>(static_cast<double>(bytes.size()) * share));
  };
  std::string overwritten = jpeg;
  overwritten.replace(scan + length / 4, length / 2, std::string(length / 2, '\xFE'));
  std::string middle_cut_out = jpeg;
  middle_cut_out.erase(scan + length / 4, length / 2);
  std::string no_end_of_a_png = Load("rgb.png");
  no_end_of_a_png.resize(no_end_of_a_png.size() - 13);
  std::string twelve_bits = jpeg;
  twelve_bits[jpeg.find("\xFF\xC0") + 4] = 12;
  std::string palette = Load("palette.png");
  palette[palette.find("PLTE") + 5] ^= 1;
  std::string transparent = Load("palette_alpha.png");
  transparent[transparent.find("tRNS") + 5] ^= 1;
  return {
      {"CutAt70Percent", cut(jpeg, 0.7), "truncated JPEG"},
      {"CutAt95Percent", cut(jpeg, 0.95), "truncated JPEG"},
      {"CutAt70PercentWithAnEnd", cut(jpeg, 0.7) + "\xFF\xD9", "damaged JPEG"},
      {"ProgressiveCutAt95Percent", cut(progressive, 0.95), "truncated JPEG"},
      {"ProgressiveCutBetweenScans", progressive.substr(0, progressive.rfind("\xFF\xC4")),
       "truncated JPEG"},
      {"ProgressiveCutInAHeader", progressive.substr(0, progressive.rfind("\xFF\xDA") + 5),
       "truncated JPEG"},
      {"Overwritten", overwritten, "damaged JPEG"},
      {"MiddleCutOut", middle_cut_out, "JPEG"},
      {"MuchLeftOver", BeforeEnd(jpeg, jpeg.substr(scan, length)), "damaged JPEG"},
      {"TwelveBits", twelve_bits, "a JPEG of a kind that is not supported"},
      {"PngCutInItsPixels", no_end_of_a_png, "truncated PNG"},
      {"PngPaletteChecksum", palette, "checksum"},
      {"PngTransparencyChecksum", transparent, "checksum"},
      {"Html", "\n <!DOCTYPE html><html>", "it is an HTML page, perhaps of a download that failed"},
      {"Base64", "/9j/4AAQSkZJRgABAQ", "it is an image as base64 text: decode it first"},
      {"DataUrl", "data:image/png;base64,iVBORw0KGgo", "base64"},
      {"GitLfs", "version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"},
      {"Zeros", std::string(5'000, '\0'), "nothing but zeros"},
      {"Json", "{\"error\": 404}", "a JSON text"},
      {"JpegXl", std::string("\0\0\0\x0CJXL \r\n", 10), "JPEG XL is not supported: convert it"},
      {"Jpeg2000", std::string("\0\0\0\x0CjP  \r\n", 10), "JPEG 2000 is not supported"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, LostFileTest, testing::ValuesIn(LostFiles()),
                         [](const auto& test) { return test.param.title; });

// A JPEG whose header says that size; only for probing.
std::string OfSize(const std::string& name, int width, int height) {
  std::string jpeg = Load(name);
  const size_t frame = std::min(jpeg.find("\xFF\xC0"), jpeg.find("\xFF\xC2"));
  const auto put = [&](size_t at, int value) {
    jpeg[frame + at] = static_cast<char>(value >> 8);
    jpeg[frame + at + 1] = static_cast<char>(value & 0xFF);
  };
  put(5, height);
  put(7, width);
  return jpeg;
}

TEST(LargeJpegTest, TheDefaultTakesWhatTelephonesMake) {
  const struct {
    int width, height, reduction;
  } cases[] = {
      {8160, 6144, 1}, {9248, 6936, 2}, {12000, 9000, 2}, {16320, 12240, 2}, {32000, 20000, 4}};
  for (const auto& [width, height, reduction] : cases) {
    const absl::StatusOr<ImageInfo> info = ProbeImage(OfSize("rgb.jpg", width, height));
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->reduction, reduction) << width;
    EXPECT_LE(info->decoded_width() * info->decoded_height(), 64'000'000);
  }
  // Of these all coefficients would be in memory, whatever comes out.
  EXPECT_THAT(std::string(ProbeImage(OfSize("progressive.jpg", 12000, 9000)).status().message()),
              HasSubstr("12000 x 9000"));
}

TEST(LargeJpegTest, IsDecodedAtAFractionThatFits) {
  const Image whole = DecodeImage(Load("rgb.jpg")).value();  // 48 x 32
  const struct {
    uint64_t max_pixels;
    int width, height;
  } cases[] = {{1536, 48, 32}, {1535, 24, 16}, {384, 24, 16}, {383, 12, 8}, {24, 6, 4}};
  for (const auto& [max_pixels, width, height] : cases) {
    ImageLimits limits;
    limits.max_pixels = max_pixels;
    const absl::StatusOr<Image> image = DecodeImage(Load("rgb.jpg"), limits);
    ASSERT_TRUE(image.ok()) << image.status();
    ASSERT_EQ(image->width, width);
    ASSERT_EQ(image->height, height);
    // The same picture: the mean of each channel hardly moves.
    for (int c = 0; c < 3; ++c) {
      const auto mean = [c](const Image& of) {
        double sum = 0;
        for (size_t i = static_cast<size_t>(c); i < of.rgb.size(); i += 3) sum += of.rgb[i];
        return sum / (static_cast<double>(of.rgb.size()) / 3);
      };
      EXPECT_NEAR(mean(*image), mean(whole), 3) << max_pixels;
    }
  }
  ImageLimits limits;
  limits.max_pixels = 23;
  EXPECT_FALSE(DecodeImage(Load("rgb.jpg"), limits).ok());
  limits.max_pixels = 384;
  EXPECT_EQ(DecodeImage(Load("exif6.jpg"), limits).value().height,
            DecodeImage(Load("exif6.jpg"))->height / 2);
}

}  // namespace
}  // namespace graft::image
