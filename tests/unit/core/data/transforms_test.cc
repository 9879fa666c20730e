#include "core/data/transforms.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "core/image/decode.h"
#include "core/image/encode.h"
#include "core/image/probe.h"
#include "core/image/resize.h"

namespace graft::data {
namespace {

std::string Load(const std::string& name) {
  std::ifstream file(std::string(GRAFT_TEST_IMAGES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

image::Image Base() { return image::DecodeImage(Load("rgb.png")).value(); }

// A quarter turn against the clock, as Pillow's ROTATE_90.
image::Image Turned(const image::Image& image) {
  image::Image turned = image::MakeImage(image.height, image.width);
  for (int y = 0; y < turned.height; ++y) {
    for (int x = 0; x < turned.width; ++x) {
      std::copy_n(image.row(x) + 3 * (image.width - 1 - y), 3, turned.row(y) + 3 * x);
    }
  }
  return turned;
}

std::vector<float> Evaluate(const image::Image& image, const model::InputSpec& spec) {
  std::vector<float> values(PreparedValues(spec), -1e9f);
  PrepareForEvaluation(image, spec, values.data());
  return values;
}

std::vector<float> Train(const image::Image& image, const model::InputSpec& spec,
                         const AugmentOptions& augment, uint64_t seed) {
  std::vector<float> values(PreparedValues(spec), -1e9f);
  Random random(seed);
  PrepareForTraining(image, spec, augment, random, values.data());
  return values;
}

// Values are levels of 0 to 255.
model::InputSpec Levels(int width, int height) {
  model::InputSpec spec;
  spec.width = width;
  spec.height = height;
  spec.mean = {0, 0, 0};
  spec.std = {1, 1, 1};
  spec.value_range = 255;
  return spec;
}

AugmentOptions NoAugmentation() {
  AugmentOptions none;
  none.min_area = 1;
  none.max_aspect = 1;
  none.flip_probability = 0;
  none.brightness = none.contrast = none.saturation = none.hue = 0;
  return none;
}

TEST(PrepareForEvaluationTest, EqualsPillowLevelForLevel) {
  const nlohmann::json cases = nlohmann::json::parse(Load("prepared.json"));
  ASSERT_EQ(cases.size(), 18u);
  for (const nlohmann::json& golden : cases) {
    const std::string name = golden.at("picture").get<std::string>();
    const image::Image picture = name == "wide"   ? Base()
                                 : name == "tall" ? Turned(Base())
                                                  : image::Crop(Base(), 3, 2, 11, 7);
    model::InputSpec spec = Levels(golden.at("width").get<int>(), golden.at("height").get<int>());
    spec.crop_fraction = golden.at("crop_fraction").get<double>();
    spec.interpolation = golden.at("interpolation") == "bicubic" ? model::Interpolation::kBicubic
                                                                 : model::Interpolation::kBilinear;
    const std::vector<float> values = Evaluate(picture, spec);
    const std::vector<int> levels = golden.at("levels").get<std::vector<int>>();
    ASSERT_EQ(levels.size(), values.size());
    const size_t plane = values.size() / 3;
    for (size_t i = 0; i < levels.size(); ++i) {
      ASSERT_NEAR(values[i % 3 * plane + i / 3], levels[i], 1e-3)
          << name << " " << spec.width << " x " << spec.height << " at " << i;
    }
  }
}

TEST(PrepareForEvaluationTest, NormalisesByMeanAndStandardDeviation) {
  model::InputSpec spec;  // ImageNet's figures, range 1
  spec.width = spec.height = 16;
  model::InputSpec levels = Levels(16, 16);
  const std::vector<float> values = Evaluate(Base(), spec);
  const std::vector<float> raw = Evaluate(Base(), levels);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = i / 256;
    const double expected =
        (static_cast<double>(raw[i]) / 255 - static_cast<double>(spec.mean[c])) /
        static_cast<double>(spec.std[c]);
    ASSERT_NEAR(values[i], expected, 1e-6) << i;
  }
}

TEST(PrepareForEvaluationTest, BlueComesFirstWhereTheNetworkWantsIt) {
  model::InputSpec rgb = Levels(16, 16);
  model::InputSpec bgr = rgb;
  bgr.channel_order = model::ChannelOrder::kBgr;
  bgr.mean = {10, 20, 30};  // of blue, green, red
  const std::vector<float> a = Evaluate(Base(), rgb);
  const std::vector<float> b = Evaluate(Base(), bgr);
  for (size_t i = 0; i < 256; ++i) {
    ASSERT_NEAR(b[i], a[512 + i] - 10, 1e-3);
    ASSERT_NEAR(b[256 + i], a[256 + i] - 20, 1e-3);
    ASSERT_NEAR(b[512 + i], a[i] - 30, 1e-3);
  }
}

TEST(PrepareForEvaluationTest, PicturesOfAnyShapeAreMadeToFit) {
  model::InputSpec spec = Levels(224, 224);
  for (const model::Framing framing :
       {model::Framing::kCentreCrop, model::Framing::kSqueeze, model::Framing::kLetterbox}) {
    spec.framing = framing;
    // Of a letterbox the bars are black.
    const float least = framing == model::Framing::kLetterbox ? 0 : 200;
    for (const auto& [width, height] : std::vector<std::pair<int, int>>{
             {1, 1}, {1, 2}, {2, 1}, {223, 225}, {32768, 1}, {1, 32768}, {3, 5000}}) {
      SCOPED_TRACE(absl::StrCat(model::FramingName(framing), " of ", width, " x ", height));
      image::Image image = image::MakeImage(width, height);
      std::fill(image.rgb.begin(), image.rgb.end(), 200);
      const std::vector<float> values = Evaluate(image, spec);
      EXPECT_EQ(*std::min_element(values.begin(), values.end()), width == height ? 200 : least);
      EXPECT_EQ(*std::max_element(values.begin(), values.end()), 200);
    }
  }
}

TEST(Frame, ASqueezedPictureFillsTheInputWhole) {
  model::InputSpec spec = Levels(40, 30);
  spec.framing = model::Framing::kSqueeze;
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{1, 1}, {200, 10}, {3, 99}}) {
    const FramedPicture framed = Frame(width, height, spec);
    EXPECT_EQ(framed.width, 40);
    EXPECT_EQ(framed.height, 30);
    EXPECT_EQ(framed.x, 0);
    EXPECT_EQ(framed.y, 0);
  }
}

TEST(Frame, ALetterboxHasAllOfThePictureInItsShapeInTheMiddle) {
  model::InputSpec spec = Levels(40, 30);
  spec.framing = model::Framing::kLetterbox;
  for (int width = 1; width <= 90; width += 7) {
    for (int height = 1; height <= 90; height += 7) {
      SCOPED_TRACE(absl::StrCat(width, " x ", height));
      const FramedPicture framed = Frame(width, height, spec);
      EXPECT_TRUE(framed.width == 40 || framed.height == 30) << "one side fills the input";
      const double scale = std::min(40.0 / width, 30.0 / height);
      EXPECT_NEAR(framed.width, std::max(1.0, scale * width), 0.51);
      EXPECT_NEAR(framed.height, std::max(1.0, scale * height), 0.51);
      // The window holds the picture, with bars that differ by two pixels at the most.
      EXPECT_LE(framed.x, 0);
      EXPECT_LE(framed.y, 0);
      const int right = 40 + framed.x - framed.width;
      const int below = 30 + framed.y - framed.height;
      EXPECT_GE(right, 0);
      EXPECT_GE(below, 0);
      EXPECT_LE(std::abs(right + framed.x), 2);
      EXPECT_LE(std::abs(below + framed.y), 2);
    }
  }
}

TEST(ResizeWindowTest, IsThatPartOfTheWholePicture) {
  const image::Image base = Base();
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{20, 13}, {97, 61}, {48, 61}, {20, 32}, {48, 32}}) {
    const image::Image whole = image::Resize(base, width, height, model::Interpolation::kBicubic);
    for (const auto& [x, y] : std::vector<std::pair<int, int>>{
             {0, 0}, {3, 5}, {-2, -3}, {width - 4, height - 4}, {width, 0}, {-100, 2}}) {
      EXPECT_EQ(
          image::ResizeWindow(base, width, height, model::Interpolation::kBicubic, x, y, 9, 7).rgb,
          image::Crop(whole, x, y, 9, 7).rgb)
          << width << " x " << height << " at " << x << ", " << y;
    }
  }
}

TEST(PrepareForTrainingTest, FollowsTheSeedAlone) {
  const model::InputSpec spec = Levels(24, 24);
  std::set<std::vector<float>> views;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<float> view = Train(Base(), spec, {}, seed);
    EXPECT_EQ(view, Train(Base(), spec, {}, seed));
    views.insert(view);
  }
  EXPECT_EQ(views.size(), 20u);
}

TEST(PrepareForTrainingTest, ValuesAreLevels) {
  AugmentOptions strong;
  strong.min_area = 0.01;
  strong.brightness = strong.contrast = strong.saturation = 0.9;
  strong.hue = 0.5;
  const model::InputSpec spec = Levels(17, 13);
  for (const image::Image& image :
       {Base(), image::MakeImage(1, 1), image::MakeImage(200, 1), image::MakeImage(1, 200)}) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      for (const float value : Train(image, spec, strong, seed)) {
        ASSERT_GE(value, -1e-3f);
        ASSERT_LE(value, 255.001f);
      }
    }
  }
}

TEST(PrepareForTrainingTest, WithoutAugmentationItIsTheResizedPicture) {
  const image::Image square = image::Crop(Base(), 8, 0, 32, 32);
  const model::InputSpec spec = Levels(16, 16);
  const std::vector<float> view = Train(square, spec, NoAugmentation(), 1);
  const image::Image expected = image::Resize(square, 16, 16, spec.interpolation);
  for (size_t i = 0; i < 256; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      ASSERT_NEAR(view[c * 256 + i], expected.rgb[3 * i + c], 1e-3);
    }
  }
}

TEST(PrepareForTrainingTest, FlipsAsOftenAsItIsTold) {
  const image::Image square = image::Crop(Base(), 8, 0, 32, 32);
  const model::InputSpec spec = Levels(16, 16);
  AugmentOptions flip = NoAugmentation();
  const std::vector<float> straight = Train(square, spec, flip, 1);
  flip.flip_probability = 0.25;
  int flipped = 0;
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    const std::vector<float> view = Train(square, spec, flip, seed);
    if (view != straight) {
      ++flipped;
      ASSERT_EQ(view[0], straight[15]);
    }
  }
  EXPECT_NEAR(flipped, 500, 80);
}

// A picture whose red is the column and whose green is the row shows where a view was cut.
TEST(PrepareForTrainingTest, CropsKeepTheAreaAndTheAspectAsked) {
  image::Image ramp = image::MakeImage(200, 200);
  for (int y = 0; y < 200; ++y) {
    for (int x = 0; x < 200; ++x) {
      ramp.row(y)[3 * x] = static_cast<uint8_t>(x);
      ramp.row(y)[3 * x + 1] = static_cast<uint8_t>(y);
    }
  }
  AugmentOptions augment = NoAugmentation();
  augment.min_area = 0.25;
  augment.max_aspect = 2;
  model::InputSpec spec = Levels(50, 50);
  spec.interpolation = model::Interpolation::kBilinear;
  double smallest = 1;
  double largest = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<float> view = Train(ramp, spec, augment, seed);
    const double width = (view[49] - view[0]) * 50.0 / 49;
    const double height = (view[2500 + 49 * 50] - view[2500]) * 50.0 / 49;
    const double area = width * height / 40'000;
    smallest = std::min(smallest, area);
    largest = std::max(largest, area);
    ASSERT_GT(area, 0.22);
    ASSERT_LT(area, 1.05);
    ASSERT_LT(std::max(width / height, height / width), 2.15);
  }
  EXPECT_LT(smallest, 0.35);
  EXPECT_GT(largest, 0.85);
}

TEST(TransformDigestTest, CoversEveryField) {
  const model::InputSpec spec;
  const AugmentOptions none = NoAugmentation();
  std::set<std::string> digests = {TransformDigest(spec, nullptr), TransformDigest(spec, &none)};
  EXPECT_EQ(TransformDigest(spec, &none), TransformDigest(model::InputSpec(), &none));
  const std::vector<double AugmentOptions::*> fields = {
      &AugmentOptions::min_area,   &AugmentOptions::max_aspect, &AugmentOptions::flip_probability,
      &AugmentOptions::brightness, &AugmentOptions::contrast,   &AugmentOptions::saturation,
      &AugmentOptions::hue};
  for (double AugmentOptions::*const field : fields) {
    AugmentOptions changed = none;
    changed.*field = std::nextafter(changed.*field, 2.0);
    digests.insert(TransformDigest(spec, &changed));
  }
  model::InputSpec other = spec;
  other.width = 225;
  digests.insert(TransformDigest(other, nullptr));
  digests.insert(TransformDigest(other, &none));
  EXPECT_EQ(digests.size(), 2 + fields.size() + 2);
}

TEST(Reduction, LeavesTwiceTheSidesThatAreNeeded) {
  model::InputSpec input;  // a centre crop of 224 out of 256
  EXPECT_EQ(ReductionFor(500, 375, input), 1);
  EXPECT_EQ(ReductionFor(1023, 1500, input), 1);
  EXPECT_EQ(ReductionFor(1024, 1500, input), 2);
  EXPECT_EQ(ReductionFor(4000, 3000, input), 4);
  EXPECT_EQ(ReductionFor(8160, 6144, input), 8);
  EXPECT_EQ(ReductionFor(30'000, 600, input), 1) << "the shorter side counts";
  input.framing = model::Framing::kLetterbox;
  EXPECT_EQ(ReductionFor(1800, 20, input), 4) << "448 of 1,800, and twice 2 of 20";
}

// A large photograph, decoded at a fraction and whole.
TEST(Reduction, ChangesNextToNothing) {
  Random random(3);
  image::Image large = image::MakeImage(2400, 1800);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(x / (37.0 + 9 * c)) * std::cos(y / (51.0 - 7 * c));
        const double edge = (x / 300 + y / 200) % 2 == 0 ? 30 : -30;
        large.row(y)[3 * x + c] = static_cast<uint8_t>(
            std::clamp(128 + 60 * wave + edge + random.Uniform(-12, 12), 0.0, 255.0));
      }
    }
  }
  const std::string jpeg = image::EncodeJpeg(large, 92).value();
  const image::ImageInfo whole = image::ProbeImage(jpeg).value();
  for (const model::Framing framing :
       {model::Framing::kCentreCrop, model::Framing::kSqueeze, model::Framing::kLetterbox}) {
    model::InputSpec input;
    input.framing = framing;
    image::ImageInfo reduced = whole;
    reduced.reduction = ReductionFor(whole.width, whole.height, input);
    ASSERT_GT(reduced.reduction, 1);
    const auto expected = FramePixels(image::DecodeProbed(jpeg, whole).value(), input);
    const auto pixels = FramePixels(image::DecodeProbed(jpeg, reduced).value(), input);
    ASSERT_EQ(pixels.size(), expected.size());
    double sum = 0;
    for (size_t i = 0; i < pixels.size(); ++i) sum += std::abs(pixels[i] - expected[i]);
    EXPECT_LE(sum / static_cast<double>(pixels.size()), 2) << model::FramingName(framing);
  }
}

}  // namespace
}  // namespace graft::data
