#include "core/serving/network_servable.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/openvino/openvino_engine.h"
#include "core/image/encode.h"
#include "core/serving/model_manager.h"
#include "core/serving/predict_cache.h"
#include "core/serving/predictor.h"
#include "core/serving/request_parts.h"
#include "tests/fakes/counting_engine.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"
#include "tests/unit/core/serving/network_loader_fixture.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Models that leave the trunk at three places: 1 at the top, pooled; 2 below the stage that it has
// changed; 3 at the top, with the map.
class NetworkServableTest : public NetworkLoaderTest {
 protected:
  void PublishAll() {
    Publish(1, 1);
    Publish(2, 2, /*changed=*/true);
    model::HeadSpec map{
        .kind = model::HeadKind::kLayers, .features = {6, 4, 4}, .hidden_units = 5, .outputs = 3};
    map.pooling = model::Pooling::kNone;
    map.layers = {{.kind = model::HeadLayerKind::kFlatten},
                  {.kind = model::HeadLayerKind::kDense, .units = 9}};
    Publish(3, 3, /*changed=*/false, std::nullopt, map);
  }
  void Count(PredictCache* cache = nullptr) {
    NetworkLoader::Options options;
    options.engines = {counting_};
    options.cache = cache;
    MakeLoader(options);
  }
  std::vector<float> Answer(const Servable& servable, const PreparedInput& image) {
    const auto answers = servable.Run({{&image, {&servable}}});
    EXPECT_TRUE(answers.ok()) << answers.status();
    return Probabilities(servable, (*answers)[0][0]);
  }

  const std::shared_ptr<CountingEngineFactory> counting_ =
      std::make_shared<CountingEngineFactory>();
};

TEST_F(NetworkServableTest, AnswersAreTheSameWhereverOthersLeaveTheTrunk) {
  PublishAll();
  for (const bool openvino : {false, true}) {
    SCOPED_TRACE(openvino ? "openvino" : "libtorch");
    NetworkLoader::Options options;
    if (openvino) options.engines = {std::make_shared<engine::OpenVinoEngineFactory>()};
    MakeLoader(options);
    const PreparedInput image = RandomInput(5);
    const auto first = Load(1).value();
    const RowNumbers alone = first->Run({{&image, {first.get()}}}).value()[0][0];
    ExpectNear(Probabilities(*first, alone), Reference(1, image));
    const auto second = Load(2).value();
    const auto third = Load(3).value();
    EXPECT_EQ(PiecesOf(first).size(), 3u);
    const RowNumbers cut = first->Run({{&image, {first.get()}}}).value()[0][0];
    ExpectNear(cut.outputs, alone.outputs);
    ExpectNear(cut.embedding, alone.embedding);
    ExpectNear(Answer(*second, image), Reference(2, image));
    ExpectNear(Answer(*third, image), Reference(3, image));
  }
}

TEST_F(NetworkServableTest, ModelsThatLeaveAtDifferentStagesRideInOneBatch) {
  Count();
  PublishAll();
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const auto third = Load(3).value();
  EXPECT_EQ(first->batch_key(), second->batch_key());
  EXPECT_EQ(first->batch_key(), third->batch_key());
  EXPECT_EQ(first->input_key(), second->input_key());
  EXPECT_EQ(first->max_rows(), second->max_rows());
  EXPECT_NE(first->features_key(), second->features_key());
  EXPECT_NE(first->features_key(), third->features_key());
  counting_->TakeRows();
  const std::vector<PreparedInput> images = {RandomInput(1), RandomInput(2), RandomInput(3)};
  const auto answers = second
                           ->Run({{&images[0], {first.get(), second.get(), third.get()}},
                                  {&images[1], {second.get()}},
                                  {&images[2], {second.get(), first.get()}}})
                           .value();
  EXPECT_THAT(counting_->TakeRows(),
              UnorderedElementsAre(Pair("one", 3), Pair("two+two_norm", 2), Pair("", 2),
                                   Pair("two+two_norm+head", 3), Pair("head", 2),
                                   Pair("head.1+head.2", 1)));
  ExpectNear(Probabilities(*first, answers[0][0]), Reference(1, images[0]));
  ExpectNear(Probabilities(*second, answers[0][1]), Reference(2, images[0]));
  ExpectNear(Probabilities(*third, answers[0][2]), Reference(3, images[0]));
  ExpectNear(Probabilities(*second, answers[1][0]), Reference(2, images[1]));
  ExpectNear(Probabilities(*second, answers[2][0]), Reference(2, images[2]));
  ExpectNear(Probabilities(*first, answers[2][1]), Reference(1, images[2]));
}

TEST_F(NetworkServableTest, AModelThatComesHasThePartsMadeThatItNeedsAndNoMore) {
  Count();
  PublishAll();
  const auto first = Load(1).value();
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one+two+two_norm", "head"));
  auto second = Load(2).value();
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("one", "two+two_norm", "two+two_norm+head"));
  const auto again = Load(2).value();
  EXPECT_THAT(counting_->TakeMade(), ElementsAre("two+two_norm+head"));
}

// What a model gave that has nothing in common with others is remembered, too; a version of the
// same name that is loaded later does not get it.
TEST_F(NetworkServableTest, APictureIsKnownToAModelThatHasNothingInCommon) {
  PredictCache cache(1 << 20);
  Count(&cache);
  PublishWhole(1, 1);
  const auto first = Load(1).value();
  ASSERT_EQ(static_cast<const NetworkServable&>(*first).place(), nullptr);
  const EncodedImage picture{image::EncodePng(image::MakeImage(20, 10)).value()};
  image::Image white = image::MakeImage(9, 30);
  std::fill(white.rgb.begin(), white.rgb.end(), uint8_t{255});
  const EncodedImage other{image::EncodePng(white).value()};
  const PreparedInput once = first->Prepare(picture).value();
  EXPECT_FALSE(once.known());
  const RowNumbers computed = first->Run({{&once, {first.get()}}}).value()[0][0];
  EXPECT_FALSE(computed.embedding.empty());

  counting_->TakeRows();
  const PreparedInput again = first->Prepare(picture).value();
  const PreparedInput fresh = first->Prepare(other).value();
  EXPECT_TRUE(again.known());
  EXPECT_TRUE(again.bytes.empty());
  const auto answers =
      first->Run({{&fresh, {first.get()}}, {&again, {first.get(), first.get()}}}).value();
  EXPECT_THAT(counting_->TakeRows(), ElementsAre(Pair(::testing::_, 1)));
  EXPECT_EQ(answers[1][0], computed);
  EXPECT_EQ(answers[1][1], computed);
  EXPECT_NE(answers[0][0], computed);

  PublishWhole(1, 2);
  EXPECT_FALSE(Load(1).value()->Prepare(picture)->known());
}

// An image that one model has seen is known to another where both leave the trunk at one place.
TEST_F(NetworkServableTest, APictureIsKnownAtTheExitsThatItWasSeenAt) {
  PredictCache cache(1 << 20);
  Count(&cache);
  PublishAll();
  Publish(4, 4);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const auto fourth = Load(4).value();
  const EncodedImage picture{image::EncodePng(image::MakeImage(20, 10)).value()};
  const PreparedInput once = first->Prepare(picture).value();
  ASSERT_TRUE(first->Run({{&once, {first.get()}}}).ok());
  EXPECT_TRUE(fourth->Prepare(picture)->known());
  EXPECT_FALSE(second->Prepare(picture)->known());

  // For both, what is known is not computed again.
  const std::vector<const Servable*> both = {second.get(), first.get(), fourth.get()};
  const PreparedInput half = first->PrepareFor(picture, both).value();
  EXPECT_FALSE(half.known());
  EXPECT_EQ(half.bytes, once.bytes);
  counting_->TakeRows();
  const auto answers = second->Run({{&half, both}}).value();
  EXPECT_THAT(counting_->TakeRows(),
              UnorderedElementsAre(Pair("one", 1), Pair("head", 2), Pair("two+two_norm+head", 1)));
  ExpectNear(Probabilities(*second, answers[0][0]), Reference(2, once));
  ExpectNear(Probabilities(*first, answers[0][1]), Reference(1, once));
  ExpectNear(Probabilities(*fourth, answers[0][2]), Reference(4, once));

  const PreparedInput whole = second->PrepareFor(picture, both).value();
  EXPECT_TRUE(whole.known());
  EXPECT_TRUE(whole.bytes.empty());
  EXPECT_EQ(whole.features.size(), 2u);
  EXPECT_EQ(second->Run({{&whole, both}}).value(), answers);
  EXPECT_THAT(counting_->TakeRows(),
              UnorderedElementsAre(Pair("head", 2), Pair("two+two_norm+head", 1)));
}

TEST_F(NetworkServableTest, APictureThatAllAreAskedAboutIsDecodedOnceAndPassesBelowOnce) {
  PredictCache cache(1 << 20);
  Count(&cache);
  PublishAll();
  FakeClock clock;
  RecordingServingObserver observer;
  const auto manager =
      ModelManager::Create({.loader_threads = 1}, &source_, loader_.get(), &clock, nullptr).value();
  const auto predictor = Predictor::Create({}, manager.get(), &clock, &observer).value();
  std::vector<std::shared_ptr<const Servable>> held;
  for (const int64_t version : {1, 2, 3}) {
    held.push_back(
        AcquireAndWait(*manager, {"p", "m", version}, absl::InfiniteDuration()).value().servable);
  }
  EXPECT_EQ(DivideRequest(held, 1, 8).size(), 1u);
  counting_->TakeRows();
  PredictRequest request{.project = "p"};
  for (const int64_t version : {1, 2, 3}) {
    request.models.push_back({.model = "m", .version = version});
  }
  request.inputs.emplace_back(EncodedImage{image::EncodePng(image::MakeImage(20, 10)).value()});
  graft::Answer<PredictResponse> answer;
  predictor->Submit(std::move(request), absl::InfiniteDuration(), answer.Callback());
  ASSERT_TRUE(answer.Wait().ok()) << answer.Wait().status();
  EXPECT_EQ(answer.Wait()->answers.size(), 3u);
  const std::vector<BatchStats> batches = observer.batches();
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].rows, 1) << "one input, made ready for all";
  EXPECT_EQ(batches[0].models, 3);
  EXPECT_EQ(counting_->TakeRows()["one"], 1);
  EXPECT_EQ(cache.stats().misses, 3u) << "one for each exit";
}

// For the sanitizers, too.
TEST_F(NetworkServableTest, AnswersAreRightWhileOthersAreLoadedAndGo) {
  Count();
  PublishAll();
  const auto first = Load(1).value();
  std::atomic<bool> done = false;
  std::thread passes([&] {
    const PreparedInput image = RandomInput(1);
    const std::vector<float> expected = Reference(1, image);
    while (!done) ExpectNear(Answer(*first, image), expected);
  });
  for (int i = 0; i < 10; ++i) {
    for (const int64_t version : {2, 3}) {
      const auto other = Load(version).value();
      const PreparedInput image = RandomInput(static_cast<uint64_t>(i));
      ExpectNear(Answer(*other, image), Reference(version, image));
    }
  }
  done = true;
  passes.join();
}

// Whatever the processor can: what is not to be had in 8-bit integers is computed otherwise.
TEST_F(NetworkServableTest, ModelsInEightBitsShareATrunkWhereTheyAgreeBelowTheFork) {
  const auto publish = [&](int64_t version, bool changed,
                           std::vector<model::ActivationRange> ranges) {
    Publish(version, static_cast<uint64_t>(version), changed);
    ServeInEightBits(version, std::move(ranges));
  };
  publish(1, false, {{"one", -2.2f, 2.7f}, {"two", 0, 3}});
  publish(2, true, {{"one", -2.2f, 2.7f}, {"two", 0, 9}});  // "two" is its own
  publish(3, true, {{"one", -2.2f, 2.8f}, {"two", 0, 3}});
  std::map<int64_t, std::shared_ptr<const Servable>> loaded;
  for (const int64_t version : {1, 2, 3}) {
    EXPECT_EQ(loader_->Measure({"p", "m", version})->segment_id,
              (loaded[version] = Load(version).value())->memory().segment_id);
  }
  EXPECT_EQ(loaded[1]->batch_key(), loaded[2]->batch_key());
  EXPECT_NE(loaded[1]->batch_key(), loaded[3]->batch_key());
  EXPECT_NE(loaded[2]->features_key(), loaded[3]->features_key());
}

}  // namespace
}  // namespace graft::serving
