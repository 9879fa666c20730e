#include "core/model/input_spec.h"

#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace graft::model {
namespace {

using testing::HasSubstr;

InputSpec Unusual() {
  InputSpec spec;
  spec.height = 192;
  spec.width = 320;
  spec.crop_fraction = 0.9;
  spec.interpolation = Interpolation::kBilinear;
  spec.mean = {103.939f, 116.779f, 123.68f};
  spec.std = {1, 2, 3};
  spec.channel_order = ChannelOrder::kBgr;
  spec.value_range = 255;
  spec.framing = Framing::kLetterbox;
  return spec;
}

TEST(InputSpecTest, JsonKeepsEverything) {
  for (const InputSpec& spec : {InputSpec(), Unusual()}) {
    const absl::StatusOr<InputSpec> read = InputSpecFromJson(InputSpecToJson(spec));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, spec);
    EXPECT_EQ(Digest(*read), Digest(spec));
  }
}

using Change = std::function<void(InputSpec&)>;

TEST(InputSpecTest, DigestCoversEveryField) {
  std::set<std::string> digests = {Digest(InputSpec())};
  const std::vector<Change> changes = {
      [](InputSpec& s) { s.height = 225; },
      [](InputSpec& s) { s.width = 225; },
      [](InputSpec& s) { s.crop_fraction = std::nextafter(s.crop_fraction, 1); },
      [](InputSpec& s) { s.interpolation = Interpolation::kBilinear; },
      [](InputSpec& s) { s.mean[2] = std::nextafter(s.mean[2], 1.0f); },
      [](InputSpec& s) { s.std[0] = std::nextafter(s.std[0], 1.0f); },
      [](InputSpec& s) { s.channel_order = ChannelOrder::kBgr; },
      [](InputSpec& s) { s.value_range = 255; },
      [](InputSpec& s) { s.framing = Framing::kSqueeze; },
      [](InputSpec& s) { s.framing = Framing::kLetterbox; },
  };
  for (const Change& change : changes) {
    InputSpec spec;
    change(spec);
    digests.insert(Digest(spec));
  }
  EXPECT_EQ(digests.size(), changes.size() + 1);
}

TEST(InputSpecTest, ValuesThatMakeNoSenseAreRefusedByName) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<const char*, Change>> bad = {
      {"height", [](InputSpec& s) { s.height = 0; }},
      {"height", [](InputSpec& s) { s.height = 4097; }},
      {"width", [](InputSpec& s) { s.width = -1; }},
      {"width", [](InputSpec& s) { s.width = 4097; }},
      {"crop_fraction", [](InputSpec& s) { s.crop_fraction = 0; }},
      {"crop_fraction", [](InputSpec& s) { s.crop_fraction = 1e-9; }},
      {"crop_fraction", [](InputSpec& s) { s.crop_fraction = 1.01; }},
      {"crop_fraction", [=](InputSpec& s) { s.crop_fraction = nan; }},
      {"mean", [=](InputSpec& s) { s.mean[1] = static_cast<float>(nan); }},
      {"mean", [=](InputSpec& s) { s.mean[0] = infinite; }},
      {"std", [](InputSpec& s) { s.std[2] = 0; }},
      {"std", [](InputSpec& s) { s.std[2] = -1; }},
      {"std", [=](InputSpec& s) { s.std[0] = infinite; }},
      {"value_range", [](InputSpec& s) { s.value_range = 2; }},
      {"value_range", [=](InputSpec& s) { s.value_range = static_cast<float>(nan); }},
  };
  EXPECT_TRUE(Validate(InputSpec()).ok());
  EXPECT_TRUE(Validate(Unusual()).ok());
  for (const auto& [field, change] : bad) {
    InputSpec spec;
    change(spec);
    const absl::Status status = Validate(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("input_spec.") + field));
  }
}

// Of features that were cached, and models that were published, before there were other framings.
TEST(InputSpecTest, ACentreCropIsWrittenAsItAlwaysWas) {
  EXPECT_EQ(InputSpecToJson(InputSpec()).find("framing"), std::string::npos);
  EXPECT_EQ(InputSpecFromJson(InputSpecToJson(InputSpec())).value().framing, Framing::kCentreCrop);
}

TEST(InputSpecTest, BadJsonIsRefusedByField) {
  const nlohmann::json good = nlohmann::json::parse(InputSpecToJson(InputSpec()));
  for (const auto& [key, value] : good.items()) {
    nlohmann::json missing = good;
    missing.erase(key);
    nlohmann::json wrong = good;
    wrong[key] = nlohmann::json::object();
    for (const nlohmann::json& json : {missing, wrong}) {
      const absl::Status status = InputSpecFromJson(json.dump()).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << key;
      EXPECT_THAT(std::string(status.message()), HasSubstr("input_spec")) << key;
    }
  }
  const std::vector<std::tuple<const char*, nlohmann::json, const char*>> bad = {
      {"height", 224.5, "height"},
      {"height", 1e300, "height"},
      {"width", int64_t{1} << 32, "width"},
      {"width", -5, "width"},
      {"mean", {1, 2}, "mean"},
      {"std", {1, 2, 3, 4}, "std"},
      {"interpolation", "nearest", "bilinear or bicubic"},
      {"channel_order", "RGB", "rgb or bgr"},
      {"crop_fraction", 2, "crop_fraction"},
      {"framing", "stretch", "framing"},
      {"framing", 1, "input_spec"},
  };
  for (const auto& [key, value, message] : bad) {
    nlohmann::json json = good;
    json[key] = value;
    const absl::Status status = InputSpecFromJson(json.dump()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json.dump();
    EXPECT_THAT(std::string(status.message()), HasSubstr(message)) << json.dump();
  }
  for (const char* text : {"", "[]", "{", "null", "\"x\""}) {
    EXPECT_EQ(InputSpecFromJson(text).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// (value / 255 * range - mean) / std, in the order of the channels.
TEST(InputSpec, ScalesPixelsAsItSays) {
  InputSpec input;
  input.value_range = 255;
  input.mean = {100, 110, 120};
  input.std = {2, 4, 8};
  const PixelScale scale = PixelScaleOf(input);
  EXPECT_FLOAT_EQ(30 * scale.scale[0] + scale.shift[0], (30 - 100) / 2.0f);
  EXPECT_FLOAT_EQ(30 * scale.scale[2] + scale.shift[2], (30 - 120) / 8.0f);
}

}  // namespace
}  // namespace graft::model
