#include "core/model/head_layers.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/model/head_spec.h"

namespace graft::model {
namespace {

using testing::HasSubstr;

HeadSpec Layered(const std::string& layers) {
  HeadSpec head{.kind = HeadKind::kLayers,
                .features = {.channels = 8, .height = 4, .width = 4},
                .outputs = 3,
                .pooling = Pooling::kNone};
  head.layers = HeadLayersFromJson(nlohmann::json::parse(layers)).value();
  return head;
}

constexpr char kArticle[] = R"([{"kind":"flatten"},{"kind":"dense","units":256},
    {"kind":"activation","activation":"relu"},{"kind":"dropout","rate":0.5}])";
constexpr char kConv[] = R"([{"kind":"conv","units":16,"kernel":3},{"kind":"norm"},
    {"kind":"activation","activation":"gelu"},{"kind":"pool"}])";

TEST(HeadLayersTest, TheListSaysWhatTheNamedHeadDoes) {
  HeadSpec article = Layered(kArticle);
  const int64_t weights = article.weights();
  const int64_t parameters = article.parameters();
  article.kind = HeadKind::kArticle;
  article.layers.clear();
  article.hidden_units = 256;
  EXPECT_EQ(weights, article.weights());
  EXPECT_EQ(parameters, article.parameters());
}

TEST(HeadLayersTest, CountsByHand) {
  const HeadSpec head = Layered(kConv);
  EXPECT_EQ(head.weights(), 8 * 16 * 9 + 16 * 3);
  EXPECT_EQ(head.parameters(), head.weights() + 16 + 32 + 3);
}

TEST(HeadLayersTest, JsonIsReadAsItWasWritten) {
  for (const char* layers : {kArticle, kConv, "[]"}) {
    HeadSpec head = Layered(layers);
    if (head.layers.empty()) head.pooling = Pooling::kMean;
    const auto read = HeadSpecFromJson(HeadSpecToJson(head));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, head);
  }
}

TEST(HeadLayersTest, AHeadOfBeforeIsStillRead) {
  const auto read = HeadSpecFromJson(
      R"({"kind":"mlp","channels":5,"height":2,"width":2,"hidden_units":4,"dropout":0.5,
          "classes":3})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->pooling, Pooling::kMean);
  EXPECT_EQ(read->outputs, 3);
}

struct BadLayers {
  const char* name;
  const char* layers;
  const char* message;
};

class BadLayersTest : public testing::TestWithParam<BadLayers> {};

TEST_P(BadLayersTest, AreRefusedByIndex) {
  std::string json = HeadSpecToJson(Layered("[{\"kind\":\"flatten\"}]"));
  const std::string from = R"([{"kind":"flatten"}])";
  json.replace(json.find(from), from.size(), GetParam().layers);
  const absl::Status status = HeadSpecFromJson(json).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

std::string Many(const char* layer, int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) list += std::string(i > 0 ? "," : "") + layer;
  return list + "]";
}
const std::string& TooMany() {
  static const std::string list = Many(R"({"kind":"norm"})", 33);
  return list;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLayersTest,
    testing::Values(
        BadLayers{"Kind", R"([{"kind":"flatten"},{"kind":"lstm"}])", "layer 1 (lstm) is none of"},
        BadLayers{"NoKind", R"([{"units":3}])", "kind"},
        BadLayers{"NoUnits", R"([{"kind":"flatten"},{"kind":"dense"}])", "units"},
        BadLayers{"UnitsOfText", R"([{"kind":"dense","units":"many"}])", "type"},
        BadLayers{"Units", R"([{"kind":"flatten"},{"kind":"dense","units":0}])",
                  "layer 1 (dense) needs units from 1 to 65536"},
        BadLayers{"Option", R"([{"kind":"flatten","units":3}])",
                  "layer 0 (flatten) has no option \"units\""},
        BadLayers{"EvenKernel", R"([{"kind":"conv","units":3,"kernel":2}])",
                  "layer 0 (conv) needs an odd kernel"},
        BadLayers{"Rate", R"([{"kind":"dropout","rate":1}])", "layer 0 (dropout) needs a rate"},
        BadLayers{"Function", R"([{"kind":"activation","activation":"maxout"}])",
                  "layer 0 (activation) \"maxout\" is none of relu, gelu, silu, tanh"},
        BadLayers{"DenseOfAMap", R"([{"kind":"norm"},{"kind":"dense","units":3}])",
                  "layer 1 (dense) reads a map"},
        BadLayers{"ConvOfAVector", R"([{"kind":"flatten"},{"kind":"conv","units":3}])",
                  "layer 1 (conv) reads no map"},
        BadLayers{"PoolTwice", R"([{"kind":"pool"},{"kind":"pool"}])",
                  "layer 1 (pool) reads a vector"},
        BadLayers{"NoVector", R"([{"kind":"norm"}])", "after layer 0 there is no vector"},
        BadLayers{"Nothing", "[]", "there is no vector"},
        BadLayers{"NoList", R"({"kind":"flatten"})", "not a list"},
        BadLayers{"TooMany", TooMany().c_str(), "not a list of up to 32"},
        BadLayers{"Weights",
                  R"([{"kind":"flatten"},{"kind":"dense","units":65536},
                      {"kind":"dense","units":65536}])",
                  "are more than the 134217728 allowed"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HeadLayersTest, WhatALayerGivesIsBounded) {
  HeadSpec head = Layered(kConv);
  head.features = {.channels = 1, .height = 1'000, .width = 1'000};
  head.layers[0].units = 17;
  EXPECT_THAT(std::string(ValidateHeadSpec(head).message()),
              HasSubstr("layer 0 (conv) gives 17000000 numbers"));
}

TEST(PoolingTest, GoesWithWhatTheBackboneGives) {
  const FeatureMap map{.channels = 8, .height = 4, .width = 4};
  const FeatureMap tokens{.channels = 8, .tokens = 17, .prefix_tokens = 1};
  EXPECT_EQ(DefaultPooling(map), Pooling::kMean);
  EXPECT_EQ(DefaultPooling(tokens), Pooling::kClassToken);
  HeadSpec head{.features = tokens, .outputs = 2, .pooling = Pooling::kClassToken};
  EXPECT_TRUE(ValidateHeadSpec(head).ok());
  EXPECT_EQ(head.weights(), 16);
  head.features = map;
  EXPECT_THAT(std::string(ValidateHeadSpec(head).message()), HasSubstr("gives a map"));
  head.features = {.channels = 8, .tokens = 17};
  EXPECT_THAT(std::string(ValidateHeadSpec(head).message()), HasSubstr("with a class token"));
  head.pooling = Pooling::kNone;
  EXPECT_THAT(std::string(ValidateHeadSpec(head).message()), HasSubstr("\"none\" is for"));
  head.kind = HeadKind::kArticle;
  head.hidden_units = 4;
  EXPECT_EQ(head.inputs(), 8 * 17);
}

}  // namespace
}  // namespace graft::model
