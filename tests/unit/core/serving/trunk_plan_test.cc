#include "core/serving/trunk_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/nn/network_spec.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;

constexpr model::Pooling kNone = model::Pooling::kNone;
constexpr model::Pooling kMean = model::Pooling::kMean;
constexpr model::Pooling kClassToken = model::Pooling::kClassToken;

TEST(CutTrunkTest, OfOneExitIsOnePiece) {
  EXPECT_THAT(CutTrunk({{7, kMean}}), ElementsAre(TrunkPiece{-1, 0, 7, kMean}));
  EXPECT_THAT(CutTrunk({{7, kNone}, {7, kNone}}), ElementsAre(TrunkPiece{-1, 0, 7, kNone}));
  EXPECT_THAT(CutTrunk({}), ElementsAre());
}

TEST(CutTrunkTest, CutsWhereModelsLeave) {
  EXPECT_THAT(CutTrunk({{7, kMean}, {5, kNone}, {6, kNone}}),
              ElementsAre(TrunkPiece{-1, 0, 5, kNone}, TrunkPiece{0, 5, 6, kNone},
                          TrunkPiece{1, 6, 7, kMean}));
}

TEST(CutTrunkTest, WhatLeavesAtOneStageInSeveralFormsIsPooledApart) {
  EXPECT_THAT(CutTrunk({{7, kMean}, {7, kClassToken}}),
              ElementsAre(TrunkPiece{-1, 0, 7, kNone}, TrunkPiece{0, 7, 7, kMean},
                          TrunkPiece{0, 7, 7, kClassToken}));
  // Below the top it is what the next stage reads, too.
  EXPECT_THAT(CutTrunk({{7, kMean}, {4, kMean}}),
              ElementsAre(TrunkPiece{-1, 0, 4, kNone}, TrunkPiece{0, 4, 4, kMean},
                          TrunkPiece{0, 4, 7, kMean}));
}

// Every set of exits at three stages in three forms.
TEST(CutTrunkTest, EachExitHasItsWayAndNothingIsLeftOver) {
  const std::vector<TrunkExit> all = {{1, kNone}, {1, kMean}, {1, kClassToken},
                                      {2, kNone}, {2, kMean}, {2, kClassToken},
                                      {5, kNone}, {5, kMean}, {5, kClassToken}};
  for (unsigned set = 1; set < 1u << all.size(); ++set) {
    SCOPED_TRACE(set);
    std::vector<TrunkExit> exits;
    for (size_t i = 0; i < all.size(); ++i) {
      if ((set >> i & 1) != 0) exits.push_back(all[i]);
    }
    const std::vector<TrunkPiece> pieces = CutTrunk(exits);
    std::vector<bool> used(pieces.size());
    for (const TrunkExit& exit : exits) {
      int stage = 0;
      model::Pooling pooled = kNone;
      for (const int piece : WayTo(pieces, PieceOf(pieces, exit))) {
        used[piece] = true;
        EXPECT_EQ(pooled, kNone) << "what is pooled is not read again";
        EXPECT_EQ(pieces[piece].begin, stage);
        EXPECT_LT(pieces[piece].reads, piece);
        stage = pieces[piece].end;
        pooled = pieces[piece].pooling;
      }
      EXPECT_EQ(stage, exit.stages);
      EXPECT_EQ(pooled, exit.pooling);
    }
    EXPECT_EQ(std::count(used.begin(), used.end(), false), 0);
  }
}

TEST(PieceOfTest, IsNoneWhereNobodyLeaves) {
  const std::vector<TrunkPiece> pieces = CutTrunk({{7, kMean}, {5, kNone}});
  EXPECT_EQ(PieceOf(pieces, {7, kMean}), 1);
  EXPECT_EQ(PieceOf(pieces, {7, kNone}), -1);
  EXPECT_EQ(PieceOf(pieces, {6, kNone}), -1);
  EXPECT_THAT(WayTo(pieces, -1), ElementsAre());
}

// A backbone of two stages, for images of 8 x 8.
nn::NetworkSpec TwoStages() {
  nn::SpecBuilder builder("two", {3, 8, 8});
  builder.Append("one", nn::Conv2d{.in_channels = 3, .out_channels = 4, .kernel = 3, .padding = 1});
  builder.EndStage("low");
  builder.Append("two", nn::Conv2d{.in_channels = 4, .out_channels = 6, .kernel = 3, .stride = 2});
  builder.EndStage("high");
  builder.EndFeatures();
  return builder.Take();
}

TEST(SpecOfTest, IsTheStretchAndItsPooling) {
  model::InputSpec input;
  input.height = input.width = 8;
  const auto out = [&](const TrunkPiece& piece) {
    const nn::NetworkSpec spec = SpecOf(piece, TwoStages(), input).value();
    EXPECT_TRUE(nn::Validate(spec).ok()) << nn::Validate(spec);
    return nn::InferShapes(spec, nn::InputShapes(spec)).value().back();
  };
  EXPECT_EQ(out({-1, 0, 1, kNone}), nn::Shape({4, 8, 8}));
  EXPECT_EQ(out({0, 1, 2, kNone}), nn::Shape({6, 3, 3}));
  EXPECT_EQ(out({0, 1, 2, kMean}), nn::Shape({6}));
  EXPECT_EQ(out({0, 1, 1, kMean}), nn::Shape({4})) << "it pools alone";
  EXPECT_EQ(SpecOf({0, 1, 1, kMean}, TwoStages(), input)->inputs.front().shape,
            nn::Shape({4, 8, 8}));
  EXPECT_FALSE(SpecOf({-1, 0, 3, kNone}, TwoStages(), input).ok());
}

}  // namespace
}  // namespace graft::serving
