#include "core/serving/trunk.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_serving.h"
#include "tests/unit/core/serving/trunk_fixture.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Bytes that the counting engine takes for these layers.
constexpr uint64_t kOne = 2 * sizeof(float) * (4 * 3 * 9 + 4);
constexpr uint64_t kTwo = 2 * sizeof(float) * (6 * 4 * 9 + 6);
constexpr uint64_t kThree = 2 * sizeof(float) * (5 * 6 * 9 + 5);

TEST_F(TrunkTest, OfOneExitIsOneEngine) {
  const Place first = Join(kTop);
  const Place second = Join(kTop);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one+two+three"));
  EXPECT_EQ(first->trunk().PiecesTo(kTop), second->trunk().PiecesTo(kTop));
  ExpectRight(1, {kTop});
  EXPECT_THAT(counting_->TakeRows(), ElementsAre(Pair("one+two+three", 1)));
}

TEST_F(TrunkTest, EachRowGoesAsFarAsItsModelsDoAndEachPieceRunsOnce) {
  const Place top = Join(kTop);
  const Place middle = Join(kMiddle);
  const Place low = Join(kLow);
  const std::vector<std::vector<TrunkExit>> exits = {
      {kTop}, {kMiddle}, {kLow}, {kLow, kTop}, {kMiddle, kTop, kMiddle}};
  std::vector<std::vector<uint8_t>> pixels;
  std::vector<TrunkRow> rows;
  for (size_t i = 0; i < exits.size(); ++i) pixels.push_back(RandomPixels(i));
  for (size_t i = 0; i < exits.size(); ++i) {
    rows.push_back({engine::Row{{pixels[i].data()}}, exits[i]});
  }
  counting_->TakeRows();
  const auto features = trunk_->Run(rows);
  ASSERT_TRUE(features.ok()) << features.status();
  EXPECT_THAT(counting_->TakeRows(), ElementsAre(Pair("one", 5), Pair("three", 3), Pair("two", 4)));
  for (size_t i = 0; i < exits.size(); ++i) {
    for (const TrunkExit& exit : exits[i]) {
      ExpectNear(features->of(i, exit), Reference(pixels[i], exit));
    }
  }
}

TEST_F(TrunkTest, IsCutAnewWhereAModelLeavesAndKeepsWhatStaysTheSame) {
  const Place top = Join(kTop);
  counting_->TakeMade();
  const Place low = Join(kLow);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one", "two+three"));
  const Place middle = Join(kMiddle);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("two", "three"));
  const Place map = Join(kTopMap);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("three", "")) << "pooled apart";
  ExpectRight(1, {kTop, kTopMap, kLow, kMiddle});
}

TEST_F(TrunkTest, GrowsWithoutMakingAnythingTwice) {
  const Place low = Join(kLow);
  counting_->TakeMade();
  const Place top = Join(kTop);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("two+three"));
}

TEST_F(TrunkTest, WhatNobodyNeedsGoesWithTheLastWhoDid) {
  Place top = Join(kTop);
  Place another = Join(kTop);
  Place low = Join(kLow);
  const std::weak_ptr<const LoadedSegment> upper = trunk_->PiecesTo(kTop).back();
  counting_->TakeMade();
  top.reset();
  EXPECT_FALSE(upper.expired());
  another.reset();
  EXPECT_TRUE(upper.expired());
  ExpectRight(1, {kLow});
  const std::vector<uint8_t> pixels = RandomPixels(1);
  const auto nowhere = trunk_->Run({{engine::Row{{pixels.data()}}, {kTop}}});
  EXPECT_TRUE(absl::IsInternal(nowhere.status())) << nowhere.status();

  // Of what is left the cut stays until it is cut anew.
  top = Join(kTop);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("two+three"));
  low.reset();
  EXPECT_EQ(trunk_->PiecesTo(kTop).size(), 2u);
  ExpectRight(1, {kTop});
  low = Join(kLow);
  EXPECT_THAT(counting_->TakeMade(), IsEmpty()) << "it is cut there still";
}

TEST_F(TrunkTest, IsCutAtOnceForAllWhoAreExpected) {
  std::unique_ptr<const Trunk::Place> expected = Trunk::Expect(trunk_, kLow);
  EXPECT_THAT(counting_->TakeMade(), IsEmpty());
  Place top = Join(kTop);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one", "two+three"));
  Place low = Join(kLow);
  EXPECT_THAT(counting_->TakeMade(), IsEmpty());
  // What an expected one needs stays as long as it is expected.
  top.reset();
  low.reset();
  EXPECT_EQ(trunk_->bytes(), kOne);
  expected.reset();
  EXPECT_EQ(trunk_->bytes(), 0u);
}

TEST_F(TrunkTest, WhatOnlyAnExpectedOneNeedsIsMadeWhenItComes) {
  const std::unique_ptr<const Trunk::Place> expected = Trunk::Expect(trunk_, kTop);
  const Place low = Join(kLow);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one"));
  EXPECT_THAT(trunk_->Replacing(kTop), IsEmpty());
  const Place top = Join(kTop);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("two+three"));
}

TEST_F(TrunkTest, WhereAPieceCannotBeMadeAllIsAsItWas) {
  const Place top = Join(kTop);
  make_error_ = absl::ResourceExhaustedError("no memory");
  EXPECT_EQ(TryJoin(kLow).status(), make_error_);
  ExpectRight(1, {kTop});
  EXPECT_EQ(trunk_->PiecesTo(kTop).size(), 1u);
  make_error_ = absl::OkStatus();
  counting_->TakeMade();
  const Place middle = Join(kMiddle);
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one+two", "three")) << "not where nobody came";
}

TEST_F(TrunkTest, APassUnderWayEndsWithThePiecesThatItBeganWith) {
  TestGate gate;
  counting_ = std::make_shared<CountingEngineFactory>([&](const std::string& part) {
    if (part == "one+two+three") gate.Pass();
  });
  const Place top = Join(kTop);
  const std::weak_ptr<const LoadedSegment> whole = trunk_->PiecesTo(kTop).front();
  gate.Close();
  std::thread pass([&] { ExpectRight(1, {kTop}); });
  gate.AwaitArrivals(1);
  const Place low = Join(kLow);
  counting_->TakeRows();
  ExpectRight(2, {kTop, kLow});  // others need not wait
  EXPECT_THAT(counting_->TakeRows(), ElementsAre(Pair("one", 1), Pair("two+three", 1)));
  EXPECT_FALSE(whole.expired());
  gate.Open();
  pass.join();
  EXPECT_TRUE(whole.expired());
}

// For the sanitizers, too.
TEST_F(TrunkTest, PassesAreRightWhileModelsComeAndGo) {
  const Place top = Join(kTop);
  std::atomic<bool> done = false;
  std::vector<std::thread> passes;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    passes.emplace_back([&, seed] {
      while (!done) ExpectRight(seed, {kTop});
    });
  }
  std::thread other([&] {
    for (int i = 0; i < 20; ++i) {
      const Place low = Join(kLow);
      ExpectRight(3, {kLow});
    }
  });
  for (int i = 0; i < 20; ++i) {
    const Place middle = Join(kMiddle);
    const Place map = Join(kTopMap);
    ExpectRight(4, {kMiddle, kTopMap, kTop});
  }
  other.join();
  done = true;
  for (std::thread& pass : passes) pass.join();
}

TEST_F(TrunkTest, ModelsAgreeWhereALayerOfBothHasTheSameRange) {
  const Place top = Join(kTop, {{"one", 0, 1}, {"two", 0, 2}});
  EXPECT_NE(Join(kMiddle, {{"one", 0, 1}, {"two", 0, 2}}), nullptr);
  EXPECT_EQ(Join(kMiddle, {{"one", 0, 1}, {"two", 0, 3}}), nullptr);
  EXPECT_EQ(Join(kMiddle, {{"one", 0, 1}}), nullptr) << "a layer without is computed otherwise";
  EXPECT_EQ(Join(kTop, {{"one", 0, 1}, {"two", 0, 2}, {"three", 0, 3}}), nullptr);
  EXPECT_NE(Join(kLow, {{"one", 0, 1}}), nullptr) << "it has no more layers";
  EXPECT_EQ(Join(kLow, {}), nullptr);
}

TEST_F(TrunkTest, AModelBringsTheRangesOfLayersThatTheTrunkHasNot) {
  Place low = Join(kLow, {{"one", 0, 1}});
  Place top = Join(kTop, {{"one", 0, 1}, {"two", 0, 2}});
  ASSERT_NE(top, nullptr);
  const auto pieces = trunk_->PiecesTo(kTop);
  EXPECT_EQ(pieces[0]->segment->ranges, (Ranges{{"one", 0, 1}}));
  EXPECT_EQ(pieces[1]->segment->ranges, (Ranges{{"two", 0, 2}}));
  // Cut anew, each layer keeps its own.
  const Place middle = Join(kMiddle, {{"one", 0, 1}, {"two", 0, 2}});
  EXPECT_EQ(trunk_->PiecesTo(kMiddle)[1]->segment->ranges, (Ranges{{"two", 0, 2}}));
  EXPECT_THAT(trunk_->PiecesTo(kTop)[2]->segment->ranges, IsEmpty());
}

TEST_F(TrunkTest, RangesAreForgottenWithTheLayers) {
  const Place low = Join(kLow, {{"one", 0, 1}});
  Place top = Join(kTop, {{"one", 0, 1}, {"two", 0, 2}});
  EXPECT_EQ(Join(kTop, {{"one", 0, 1}, {"two", 0, 3}}), nullptr);
  top.reset();
  EXPECT_NE(Join(kTop, {{"one", 0, 1}, {"two", 0, 3}}), nullptr);
}

TEST_F(TrunkTest, AModelCountsWithWhatItsWayTakes) {
  const Place top = Join(kTop);
  EXPECT_EQ(top->bytes(), kOne + kTwo + kThree);
  const Place low = Join(kLow);
  EXPECT_EQ(low->bytes(), kOne);
  EXPECT_EQ(Join(kTop)->bytes(), kOne + kTwo + kThree);
  EXPECT_EQ(trunk_->bytes(), kOne + kTwo + kThree);
}

TEST_F(TrunkTest, WhoeverHadItGrowByACutCountsWithAllOfIt) {
  // The whole by an engine that takes nothing, as LibTorch does; its parts by another.
  const nn::NetworkSpec way = SpecOf({-1, 0, 3, model::Pooling::kMean}, Spec(), Input()).value();
  const Ranges none;
  const auto free = Trunk::Join(
      trunk_, {kTop, &way, &none},
      [&](const TrunkPiece& piece,
          const Ranges& ranges) -> absl::StatusOr<std::shared_ptr<const LoadedSegment>> {
        GRAFT_ASSIGN_OR_RETURN(const auto made, Make(piece, ranges));
        const std::shared_ptr<const engine::EngineFactory> eager =
            std::make_shared<engine::EagerEngineFactory>();
        return LoadSegment(made->segment, {eager}, {}, {});
      });
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_EQ((*free)->bytes(), 0u);
  EXPECT_EQ(Join(kLow)->bytes(), kOne + kTwo + kThree);
}

TEST_F(TrunkTest, ForeseesWhatWouldBeInMemoryTwice) {
  EXPECT_THAT(trunk_->Replacing(kTop), IsEmpty()) << "nothing is there";
  const Place middle = Join(kMiddle);
  EXPECT_THAT(trunk_->Replacing(kMiddle), IsEmpty());
  EXPECT_THAT(trunk_->Replacing(kTop), IsEmpty()) << "it comes on top";
  EXPECT_THAT(trunk_->Replacing(kLow), ElementsAre(TrunkPiece{-1, 0, 1, model::Pooling::kNone},
                                                   TrunkPiece{0, 1, 2, model::Pooling::kNone}));
  const Place top = Join(kTop);
  EXPECT_THAT(trunk_->Replacing(kLow), ElementsAre(TrunkPiece{-1, 0, 1, model::Pooling::kNone},
                                                   TrunkPiece{0, 1, 2, model::Pooling::kNone}))
      << "what is above stays";
}

TEST_F(TrunkTest, WhatIsBeingMadeIsForeseenToo) {
  const std::unique_ptr<const Trunk::Place> expected = Trunk::Expect(trunk_, kLow);
  EXPECT_THAT(trunk_->Replacing(kLow), IsEmpty()) << "made with whoever comes first";
  int made = 0;
  while_making_ = [&] {
    ++made;
    EXPECT_THAT(trunk_->Replacing(kTop), IsEmpty());
    EXPECT_THAT(trunk_->Replacing(kLow), IsEmpty());
    // Too late to be part of it.
    EXPECT_THAT(trunk_->Replacing(kMiddle),
                ElementsAre(TrunkPiece{0, 1, 2, model::Pooling::kNone},
                            TrunkPiece{1, 2, 3, model::Pooling::kMean}));
  };
  const Place top = Join(kTop);
  EXPECT_EQ(made, 2);
  while_making_ = nullptr;
  EXPECT_EQ(trunk_->Replacing(kMiddle).size(), 2u) << "the lowest stays";
}

}  // namespace
}  // namespace graft::serving
