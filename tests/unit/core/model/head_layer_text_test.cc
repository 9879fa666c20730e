#include "core/model/head_layer_text.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::model {
namespace {

using ::testing::HasSubstr;

TEST(HeadLayerText, EveryLayerIsReadBackFromWhatItIsWrittenAs) {
  const std::vector<HeadLayer> layers = {
      {.kind = HeadLayerKind::kDense, .units = 64},
      {.kind = HeadLayerKind::kDense, .units = kMaxHeadLayerUnits},
      {.kind = HeadLayerKind::kConv, .units = 128, .kernel = 3},
      {.kind = HeadLayerKind::kNorm},
      {.kind = HeadLayerKind::kActivation, .activation = HeadActivation::kRelu},
      {.kind = HeadLayerKind::kActivation, .activation = HeadActivation::kGelu},
      {.kind = HeadLayerKind::kActivation, .activation = HeadActivation::kSilu},
      {.kind = HeadLayerKind::kActivation, .activation = HeadActivation::kTanh},
      {.kind = HeadLayerKind::kDropout, .rate = 0.25},
      {.kind = HeadLayerKind::kFlatten},
      {.kind = HeadLayerKind::kPool},
  };
  for (const HeadLayer& layer : layers) {
    const std::string text = HeadLayerToText(layer);
    const auto read = HeadLayerFromText(text);
    ASSERT_TRUE(read.ok()) << text << ": " << read.status();
    EXPECT_EQ(*read, layer) << text;
  }
}

TEST(HeadLayerText, CaseAndSpacesDoNotMatterAndAKernelMayBeLeftOut) {
  EXPECT_EQ(HeadLayerFromText("  Conv   7\t").value(),
            (HeadLayer{.kind = HeadLayerKind::kConv, .units = 7, .kernel = 1}));
  EXPECT_EQ(HeadLayerFromText("RELU").value().kind, HeadLayerKind::kActivation);
}

struct BadText {
  const char* text;
  const char* message;
};

TEST(HeadLayerText, WhatMakesNoSenseIsRefused) {
  for (const BadText& bad : std::vector<BadText>{
           {"", "empty"},
           {" \t ", "empty"},
           {"dens 64", "none of dense, conv"},
           {"activation relu", "none of dense"},
           {"dense", "dense UNITS"},
           {"dense 64 32", "dense UNITS"},
           {"dense many", "with numbers"},
           {"dense 1.5", "with numbers"},
           {"dense 99999999999999999999", "with numbers"},
           {"dense 0", "units from 1 to 65536"},
           {"dense -1", "units from 1"},
           {"dense 65537", "units from 1"},
           {"conv 8 2", "odd kernel"},
           {"conv 8 17", "odd kernel"},
           {"conv 8 3 3", "conv CHANNELS [KERNEL]"},
           {"dropout 1", "below 1"},
           {"dropout -0.1", "at least 0"},
           {"dropout nan", "at least 0"},
           {"dropout", "dropout RATE"},
           {"relu 3", "alone"},
           {"norm 3", "written \"norm\""},
           {"flatten 1", "written \"flatten\""},
       }) {
    const auto status = HeadLayerFromText(bad.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.text;
    EXPECT_THAT(status.message(), HasSubstr(bad.message)) << bad.text;
  }
}

TEST(HeadLayerText, AListNamesItsBadLayerByPlaceAndIsBounded) {
  const auto status = HeadLayersFromTexts({"dense 8", "relu", "drop 0.5"}).status();
  EXPECT_THAT(status.message(), HasSubstr("layer 2 (drop 0.5) is none of"));
  EXPECT_EQ(HeadLayersFromTexts({"dense 8", "relu"}).value().size(), 2u);
  EXPECT_TRUE(HeadLayersFromTexts({}).value().empty());
  EXPECT_TRUE(HeadLayersFromTexts(std::vector<std::string>(kMaxHeadLayers, "relu")).ok());
  EXPECT_THAT(
      HeadLayersFromTexts(std::vector<std::string>(kMaxHeadLayers + 1, "relu")).status().message(),
      HasSubstr("33 layers are more than the 32"));
}

}  // namespace
}  // namespace graft::model
