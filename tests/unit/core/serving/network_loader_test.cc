#include "core/serving/network_loader.h"

#include <filesystem>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/image/encode.h"
#include "core/model/head_spec.h"
#include "core/serving/drift_watch.h"
#include "core/serving/predict_cache.h"
#include "tests/fakes/counting_engine.h"
#include "tests/fakes/scaled_engine.h"
#include "tests/unit/core/serving/network_loader_fixture.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

TEST_F(NetworkLoaderTest, AnswersWhatTheTrainedNetworkWould) {
  Publish(1, 1);
  Publish(2, 2, /*changed=*/true);
  Publish(3, 3, /*changed=*/false, /*temperature=*/2.5);
  const PreparedInput image = RandomInput(5);
  for (const int64_t version : {1, 2, 3}) {
    const auto servable = Load(version);
    ASSERT_TRUE(servable.ok()) << servable.status();
    const auto answers = (*servable)->Run({{&image, {servable->get()}}});
    ASSERT_TRUE(answers.ok()) << answers.status();
    ExpectNear(Probabilities(**servable, (*answers)[0][0]),
               Reference(version, image, version == 3 ? 2.5 : 1));
  }
}

TEST_F(NetworkLoaderTest, ModelsOfOneFrozenBackboneRideInOneBatchEachRowWithItsOwnHead) {
  Publish(1, 1);
  Publish(2, 2);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  ASSERT_EQ(first->batch_key(), second->batch_key());
  ExpectBothInOneBatch(*first, *second);
}

// What its precision record says is done with a version where an engine can.
TEST_F(NetworkLoaderTest, AModelIsServedInThePrecisionThatItsTrialsSpokeFor) {
  const auto publish = [this](int64_t version, std::optional<model::PrecisionRecord> record) {
    Publish(version, static_cast<uint64_t>(version));
    auto description = *model::ModelDescriptionFromJson(source_.versions[version].description);
    description.precision = std::move(record);
    source_.versions[version].description = model::ModelDescriptionToJson(description);
  };
  const model::PrecisionRecord proved{
      .chosen = model::Precision::kBf16, .reason = "proved", .figure = "", .trials = {}};
  const model::PrecisionRecord refused{.reason = "refused", .figure = "", .trials = {}};
  publish(1, proved);
  publish(2, refused);
  publish(3, std::nullopt);
  publish(4, proved);
  NetworkLoader::Options options;
  options.engines = {std::make_shared<ScaledEngineFactory>(1.f),
                     std::make_shared<engine::EagerEngineFactory>()};
  MakeLoader(options);
  EXPECT_EQ(Load(1).value()->engine_use(), (EngineUse{"scaled", "bf16", {}, "proved"}));
  EXPECT_EQ(Load(2).value()->engine_use(), (EngineUse{"libtorch", "f32", {}, "refused"}));
  EXPECT_EQ(Load(3).value()->engine_use().precision, "f32");
  // What they have in common they have in one precision.
  EXPECT_EQ(Load(1).value()->batch_key(), Load(4).value()->batch_key());
  EXPECT_NE(Load(1).value()->batch_key(), Load(2).value()->batch_key());
  EXPECT_EQ(Load(2).value()->batch_key(), Load(3).value()->batch_key());
  for (const int64_t version : {1, 2}) {
    EXPECT_EQ(loader_->Measure({"p", "m", version})->segment_id,
              Load(version).value()->memory().segment_id);
  }
  // The server's owner has the last word.
  options.precision = model::Precision::kF32;
  MakeLoader(options);
  EXPECT_EQ(Load(1).value()->engine_use().precision, "f32");
  options.precision = model::Precision::kBf16;
  MakeLoader(options);
  EXPECT_EQ(Load(2).value()->engine_use().precision, "bf16");
  // A processor without the instructions falls back, and says so.
  options.precision = std::nullopt;
  options.engines.front() =
      std::make_shared<ScaledEngineFactory>(1.f, absl::UnimplementedError("no instructions"));
  MakeLoader(options);
  EXPECT_EQ(Load(1).value()->engine_use(),
            (EngineUse{"libtorch", "f32", {"scaled: no instructions"}, "proved"}));
}

// What they have in common they have where their ranges are the same; a model without ranges is
// served in float32 and says why.
TEST_F(NetworkLoaderTest, ModelsInEightBitsShareWhatHasTheSameRanges) {
  const engine::OpenVinoEngineFactory int8(0, model::Precision::kInt8);
  const auto publish = [&](int64_t version, std::vector<model::ActivationRange> ranges) {
    Publish(version, static_cast<uint64_t>(version));
    ServeInEightBits(version, std::move(ranges));
  };
  const std::vector<model::ActivationRange> ranges = {{"one", -2.2f, 2.7f}, {"two", 0, 3}};
  publish(1, ranges);
  publish(2, ranges);
  publish(3, {{"one", -2.2f, 2.7f}, {"two", 0, 3.5f}});
  publish(4, {});
  NetworkLoader::Options options;
  options.engines = {std::make_shared<engine::OpenVinoEngineFactory>(0, model::Precision::kInt8),
                     std::make_shared<engine::EagerEngineFactory>()};
  MakeLoader(options);
  std::map<int64_t, std::shared_ptr<const Servable>> loaded;
  for (const int64_t version : {1, 2, 3, 4}) {
    const auto servable = Load(version);
    ASSERT_TRUE(servable.ok()) << servable.status();
    loaded[version] = *servable;
    EXPECT_EQ(loader_->Measure({"p", "m", version})->segment_id,
              loaded[version]->memory().segment_id);
  }
  EXPECT_EQ(loaded[1]->batch_key(), loaded[2]->batch_key());
  EXPECT_NE(loaded[1]->batch_key(), loaded[3]->batch_key());
  EXPECT_NE(loaded[1]->batch_key(), loaded[4]->batch_key());
  EXPECT_EQ(loaded[4]->engine_use().precision, "f32");
  if (!int8.Available().ok()) {
    EXPECT_EQ(loaded[1]->engine_use().precision, "f32");
    EXPECT_THAT(loaded[1]->engine_use().declined, ElementsAre(HasSubstr("8-bit integers")));
    return;
  }
  EXPECT_THAT(loaded[4]->engine_use().declined, ElementsAre(HasSubstr("has a range")));
  EXPECT_EQ(loaded[1]->engine_use(), (EngineUse{"openvino", "int8", {}, "proved"}));
  const PreparedInput image = RandomInput(5);
  const auto answers = loaded[1]->Run({{&image, {loaded[1].get()}}});
  ASSERT_TRUE(answers.ok()) << answers.status();
  const std::vector<float> probabilities = Probabilities(*loaded[1], (*answers)[0][0]);
  const std::vector<float> expected = Reference(1, image);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(probabilities[i], expected[i], 0.02) << i;
  }
}

// Of each kind of head, and of the stages that each reads.
model::HeadSpec HeadOn(std::vector<model::StageFeatures> taps,
                       model::HeadKind kind = model::HeadKind::kLinear) {
  model::HeadSpec head{.kind = kind, .features = {6, 4, 4}, .hidden_units = 5, .outputs = 3};
  head.taps = std::move(taps);
  if (!head.taps.empty()) head.features = model::JoinedFeatures(head.taps);
  return head;
}
const model::StageFeatures kLow = {"low", {.channels = 4, .height = 8, .width = 8}};
const model::StageFeatures kHigh = {"high", {.channels = 6, .height = 4, .width = 4}};

TEST_F(NetworkLoaderTest, EveryKindOfHeadIsServed) {
  model::HeadSpec layers = HeadOn({}, model::HeadKind::kLayers);
  layers.pooling = model::Pooling::kNone;
  layers.layers = {
      {.kind = model::HeadLayerKind::kConv, .units = 7, .kernel = 3},
      {.kind = model::HeadLayerKind::kNorm},
      {.kind = model::HeadLayerKind::kActivation, .activation = model::HeadActivation::kGelu},
      {.kind = model::HeadLayerKind::kDropout, .rate = 0.5},
      {.kind = model::HeadLayerKind::kFlatten},
      {.kind = model::HeadLayerKind::kDense, .units = 9}};
  const std::vector<model::HeadSpec> heads = {HeadOn({}), HeadOn({}, model::HeadKind::kMlp),
                                              HeadOn({}, model::HeadKind::kArticle),
                                              HeadOn({}, model::HeadKind::kCosine), layers};
  const PreparedInput image = RandomInput(5);
  for (size_t i = 0; i < heads.size(); ++i) {
    SCOPED_TRACE(model::HeadSpecToJson(heads[i]));
    const auto version = static_cast<int64_t>(i + 1);
    Publish(version, i, /*changed=*/false, std::nullopt, heads[i]);
    const auto servable = Load(version);
    ASSERT_TRUE(servable.ok()) << servable.status();
    ExpectNear(
        Probabilities(**servable, (*servable)->Run({{&image, {servable->get()}}}).value()[0][0]),
        Reference(version, image));
  }
}

TEST_F(NetworkLoaderTest, EmbedsWhatTheHeadReadsAsAVector) {
  const at::NoGradGuard no_grad;
  const PreparedInput image = RandomInput(5);
  const at::Tensor x = Normalised(image);
  int64_t version = 0;
  const auto embedding_of = [&](const model::HeadSpec& head, bool changed) {
    Publish(++version, 3, changed, std::nullopt, head);
    const auto servable = Load(version);
    EXPECT_TRUE(servable.ok()) << servable.status();
    RowNumbers row = (*servable)->Run({{&image, {servable->get()}}}).value()[0][0];
    EXPECT_EQ(row.outputs.size(), 3u);
    ExpectNear(Probabilities(**servable, row), Reference(version, image));
    return row.embedding;
  };
  model::HeadSpec layers = HeadOn({}, model::HeadKind::kLayers);
  layers.pooling = model::Pooling::kNone;
  layers.layers = {{.kind = model::HeadLayerKind::kFlatten},
                   {.kind = model::HeadLayerKind::kDense, .units = 9}};
  for (const bool changed : {false, true}) {
    for (const model::HeadSpec& head :
         {HeadOn({}, model::HeadKind::kLinear), HeadOn({}, model::HeadKind::kMlp), layers}) {
      SCOPED_TRACE(absl::StrCat(model::HeadSpecToJson(head), changed ? ", changed" : ""));
      const std::vector<float> embedding = embedding_of(head, changed);
      const at::Tensor pooled =
          networks_[version]->Forward(x, 0, 2).mean({2, 3}).contiguous();  // of the map
      ExpectNear(embedding, {pooled.data_ptr<float>(), pooled.data_ptr<float>() + 6});
    }
  }
}

TEST_F(NetworkLoaderTest, AHeadOnSeveralStagesReadsThemAll) {
  const at::NoGradGuard no_grad;
  const PreparedInput image = RandomInput(5);
  const at::Tensor x = Normalised(image);
  int64_t version = 0;
  for (const std::vector<model::StageFeatures>& taps :
       std::vector<std::vector<model::StageFeatures>>{{kLow, kHigh}, {kLow}, {kHigh}}) {
    for (const bool changed : {false, true}) {
      if (changed && taps.back().stage == "low") continue;  // the changed stage is above it
      Publish(++version, 3, changed, std::nullopt, HeadOn(taps));
      const auto servable = Load(version);
      ASSERT_TRUE(servable.ok()) << servable.status();
      std::vector<at::Tensor> read;
      for (const model::StageFeatures& tap : taps) {
        read.push_back(networks_[version]->Forward(x, 0, tap.stage == "low" ? 1 : 2).mean({2, 3}));
      }
      const at::Tensor p =
          at::softmax(heads_[version]->Forward(at::cat(read, 1), 0, 1), 1).contiguous();
      ExpectNear(
          Probabilities(**servable, (*servable)->Run({{&image, {servable->get()}}}).value()[0][0]),
          {p.data_ptr<float>(), p.data_ptr<float>() + 3});
    }
  }
}

TEST_F(NetworkLoaderTest, OnlyHeadsOnTheSameStagesRideInOneBatch) {
  Publish(1, 1);
  Publish(2, 2, false, std::nullopt, HeadOn({kLow, kHigh}));
  Publish(3, 3, false, std::nullopt, HeadOn({kLow, kHigh}, model::HeadKind::kCosine));
  Publish(4, 4, false, std::nullopt, HeadOn({kHigh}));
  EXPECT_NE(Load(1).value()->batch_key(), Load(2).value()->batch_key());
  EXPECT_EQ(Load(2).value()->batch_key(), Load(3).value()->batch_key());
  EXPECT_NE(Load(2).value()->batch_key(), Load(4).value()->batch_key());
  EXPECT_NE(Load(1).value()->batch_key(), Load(4).value()->batch_key());
}

TEST_F(NetworkLoaderTest, TapsThatTheBackboneDoesNotGiveAreDamage) {
  const auto message = [this](const model::HeadSpec& head) {
    Publish(1, 1, false, std::nullopt, head);
    // The cut point is of the last tap: of a stage that is there, whatever the taps say.
    auto description = nlohmann::json::parse(source_.versions[1].description);
    description["cut_point"] = "high";
    source_.versions[1].description = description.dump();
    const auto status = Load(1).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    return std::string(status.message());
  };
  model::StageFeatures wrong = kLow;
  wrong.stage = "lowest";
  EXPECT_THAT(message(HeadOn({wrong, kHigh})), HasSubstr("\"lowest\" is not a stage of tiny"));
  wrong = kLow;
  wrong.features.channels = 5;
  EXPECT_THAT(message(HeadOn({wrong, kHigh})), HasSubstr("does not give the features"));
}

// A model frames pictures as it was trained on them.
TEST_F(NetworkLoaderTest, PicturesAreFramedAsTheDescriptionSays) {
  image::Image image =
      image::MakeImage(24, 8);  // black, with white ends that a centre crop does not see
  for (int y = 0; y < 8; ++y) {
    for (const int x : {0, 1, 2, 21, 22, 23}) {
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = 255;
    }
  }
  const std::string png = image::EncodePng(image).value();
  std::map<std::string, std::pair<std::vector<uint8_t>, std::string>> seen;
  for (const char* const framing : {"centre_crop", "squeeze", "letterbox"}) {
    Publish(1, 1);
    auto description = nlohmann::json::parse(source_.versions[1].description);
    description["input"]["framing"] = framing;
    source_.versions[1].description = description.dump();
    const auto servable = Load(1).value();
    model::InputSpec input = Input();
    ASSERT_TRUE(model::InputSpecFromJson(description["input"].dump()).ok());
    input = model::InputSpecFromJson(description["input"].dump()).value();
    seen[framing] = {servable->Prepare(EncodedImage{png})->bytes, servable->batch_key()};
    EXPECT_EQ(seen[framing].first, data::FramePixels(image, input)) << framing;
  }
  EXPECT_NE(seen["centre_crop"].first, seen["squeeze"].first);
  EXPECT_NE(seen["squeeze"].first, seen["letterbox"].first);
  EXPECT_EQ(seen["centre_crop"].second, seen["squeeze"].second)
      << "framed in one way or another, they are pixels to the network";
}

TEST_F(NetworkLoaderTest, APassHasNoMoreRowsThanItsMemoryAllows) {
  Publish(1, 1);
  const int unbounded = Load(1).value()->max_rows();
  NetworkLoader::Options options;
  options.max_batch_bytes = 16 << 10;
  MakeLoader(options);
  const auto servable = Load(1).value();
  EXPECT_LT(servable->max_rows(), unbounded);
  // [3, 8, 8], and before and after the activation [4, 8, 8].
  EXPECT_EQ(servable->max_rows(), (16 << 10) / (sizeof(float) * 8 * 8 * (3 + 4 + 4)));
}

TEST_F(NetworkLoaderTest, WhatModelsHaveInCommonIsMadeOnce) {
  const auto counting = std::make_shared<CountingEngineFactory>();
  NetworkLoader::Options options;
  options.engines = {counting};
  MakeLoader(options);
  Publish(1, 1);
  Publish(2, 2);
  auto first = Load(1).value();
  auto second = Load(2).value();
  EXPECT_THAT(counting->TakeMade(), ElementsAre("one+two+two_norm", "head", "head"));
  EXPECT_EQ(PiecesOf(first), PiecesOf(second));
  // Gone with the last of them.
  first.reset();
  second.reset();
  first = Load(1).value();
  EXPECT_THAT(counting->TakeMade(), ElementsAre("one+two+two_norm", "head"));
}

TEST_F(NetworkLoaderTest, ModelsThatChangedTheTopRideTogetherAsFarAsTheyAgree) {
  Publish(1, 1, /*changed=*/true);
  Publish(2, 2, /*changed=*/true);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  ExpectBothInOneBatch(*first, *second);
}

// Takes nothing.
class BrokenFactory final : public engine::EngineFactory {
 public:
  absl::string_view name() const override { return "broken"; }
  uint64_t MostBytes(uint64_t, const engine::EngineOptions&) const override { return 0; }
  absl::StatusOr<std::unique_ptr<engine::Engine>> Make(
      std::shared_ptr<const engine::Segment>, const engine::EngineOptions&) const override {
    return absl::InternalError("it cannot compile the network");
  }
};

TEST_F(NetworkLoaderTest, WhereAnEngineFailsTheNextOneServesAndItIsSaid) {
  Publish(1, 1);
  NetworkLoader::Options options;
  options.engines = {std::make_shared<BrokenFactory>(),
                     std::make_shared<engine::EagerEngineFactory>()};
  MakeLoader(options);
  const auto servable = Load(1).value();
  EXPECT_EQ(servable->engine_use(), (EngineUse{"libtorch",
                                               "f32",
                                               {"broken: it cannot compile the network"},
                                               servable->engine_use().precision_reason}));
  const PreparedInput image = RandomInput(5);
  ExpectNear(Probabilities(*servable, servable->Run({{&image, {servable.get()}}}).value()[0][0]),
             Reference(1, image));
  options.engines.pop_back();
  MakeLoader(options);
  EXPECT_TRUE(absl::IsInternal(Load(1).status())) << "nothing is left";
}

TEST_F(NetworkLoaderTest, APictureSeenBeforeIsNeitherDecodedNorPassedThroughTheBackbone) {
  const auto counted = std::make_shared<CountingEngineFactory>();
  PredictCache cache(1 << 20);
  NetworkLoader::Options options;
  options.engines = {counted};
  options.cache = &cache;
  MakeLoader(options);
  Publish(1, 1);
  Publish(2, 2);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  counted->TakeRows();
  image::Image picture = image::MakeImage(20, 10);
  picture.row(3)[7] = 200;
  const EncodedImage seen{image::EncodePng(picture).value()};
  const EncodedImage unseen{image::EncodePng(image::MakeImage(20, 10)).value()};

  const PreparedInput once = first->Prepare(seen).value();
  EXPECT_FALSE(once.known());
  const auto answer = first->Run({{&once, {first.get()}}}).value();
  EXPECT_EQ(counted->TakeRows()["one+two+two_norm"], 1);

  // Of another model over the same backbone, in a batch with one that is new.
  const PreparedInput again = second->Prepare(seen).value();
  EXPECT_TRUE(again.bytes.empty());
  ASSERT_TRUE(again.known());
  const PreparedInput fresh = second->Prepare(unseen).value();
  const auto answers =
      second->Run({{&again, {second.get()}}, {&fresh, {first.get()}}, {&again, {first.get()}}})
          .value();
  EXPECT_THAT(counted->TakeRows(), ElementsAre(Pair("head", 3), Pair("one+two+two_norm", 1)));
  EXPECT_EQ(answers[2], answer[0]);
  ExpectNear(Probabilities(*second, answers[0][0]), Reference(2, once));
  ExpectNear(Probabilities(*first, answers[1][0]), Reference(1, fresh));
  EXPECT_EQ(cache.stats().hits, 1u);
}

TEST_F(NetworkLoaderTest, AnInputThatSeveralModelsAreAskedAboutPassesTheBackboneOnce) {
  const auto counted = std::make_shared<CountingEngineFactory>();
  NetworkLoader::Options options;
  options.engines = {counted};
  MakeLoader(options);
  Publish(1, 1);
  Publish(2, 2);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  ASSERT_EQ(first->input_key(), second->input_key());
  counted->TakeRows();
  const PreparedInput image = RandomInput(1);
  const PreparedInput other = RandomInput(2);
  const auto answers =
      first->Run({{&image, {second.get(), first.get(), second.get()}}, {&other, {first.get()}}})
          .value();
  EXPECT_THAT(counted->TakeRows(), ElementsAre(Pair("head", 3), Pair("one+two+two_norm", 2)))
      << "one is asked twice about one picture";
  ASSERT_EQ(answers[0].size(), 3u);
  ExpectNear(Probabilities(*second, answers[0][0]), Reference(2, image));
  ExpectNear(Probabilities(*first, answers[0][1]), Reference(1, image));
  EXPECT_EQ(answers[0][2], answers[0][0]);
  ExpectNear(Probabilities(*first, answers[1][0]), Reference(1, other));
}

TEST_F(NetworkLoaderTest, PixelsOfTheClientsOwnAreWhatAPictureGives) {
  PredictCache cache(1 << 20);
  NetworkLoader::Options options;
  options.cache = &cache;
  MakeLoader(options);
  Publish(1, 1);
  const auto servable = Load(1).value();
  const PreparedInput picture = RandomInput(5);
  const at::Tensor x = Normalised(picture).contiguous();
  PixelTensor pixels{{3, 8, 8}, {x.data_ptr<float>(), x.data_ptr<float>() + x.numel()}};
  const PreparedInput prepared = servable->Prepare(pixels).value();
  EXPECT_EQ(prepared.bytes, picture.bytes);
  ExpectNear(Probabilities(*servable, servable->Run({{&prepared, {servable.get()}}}).value()[0][0]),
             Reference(1, picture));
  EXPECT_TRUE(servable->Prepare(pixels)->known()) << "seen before";
  // Beyond what a picture can hold they are cut off.
  pixels.values.assign(pixels.values.size(), 1e9f);
  EXPECT_THAT(servable->Prepare(pixels)->bytes, ::testing::Each(255));
  pixels.values[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(servable->Prepare(pixels).status().message(), HasSubstr("not finite"));
  pixels.shape = {3, 8, 9};
  EXPECT_THAT(servable->Prepare(pixels).status().message(),
              HasSubstr("takes pixels of [3, 8, 8], not of [3, 8, 9]"));
}

TEST_F(NetworkLoaderTest, WhatIsKeptOfAPictureIsOfItsFramingAndItsProject) {
  PredictCache cache(1 << 20);
  NetworkLoader::Options options;
  options.cache = &cache;
  MakeLoader(options);
  Publish(1, 1);
  Publish(2, 2);
  auto description = nlohmann::json::parse(source_.versions[2].description);
  description["input"]["framing"] = "squeeze";
  source_.versions[2].description = description.dump();
  const EncodedImage picture{image::EncodePng(image::MakeImage(20, 10)).value()};
  const auto mine = Load(1).value();
  const PreparedInput prepared = mine->Prepare(picture).value();
  ASSERT_TRUE(mine->Run({{&prepared, {mine.get()}}}).ok());
  EXPECT_TRUE(mine->Prepare(picture)->known());
  EXPECT_FALSE(Load(2).value()->Prepare(picture)->known());
  const auto theirs = loader_->Load({"another project", "m", 1}, {1}).value();
  EXPECT_FALSE(theirs->Prepare(picture)->known());
  EXPECT_EQ(theirs->batch_key(), mine->batch_key());
}

// One that has changed the lowest stage has nothing in common with anybody.
TEST_F(NetworkLoaderTest, AModelWithALowestStageOfItsOwnIsOnePart) {
  PublishWhole(1, 1);
  const auto servable = Load(1).value();
  EXPECT_EQ(Networks(servable).place(), nullptr);
  EXPECT_EQ(servable->batch_key(), "p/m/1");
  const PreparedInput image = RandomInput(5);
  ExpectNear(Probabilities(*servable, servable->Run({{&image, {servable.get()}}}).value()[0][0]),
             Reference(1, image));
}

// A version whose tensors lie in a mapped file, as StoredModelSource opens them.
class MappedArtifact final : public ModelArtifact {
 public:
  MappedArtifact(std::unique_ptr<MappedFile> file, std::string description)
      : file_(std::move(file)), description_(std::move(description)) {}
  absl::string_view model_bytes() const override { return file_->bytes(); }
  absl::string_view description_json() const override { return description_; }

 private:
  const std::unique_ptr<MappedFile> file_;
  const std::string description_;
};

class MappedSource final : public ModelSource {
 public:
  MappedSource(std::filesystem::path file, std::string description)
      : file_(std::move(file)), description_(std::move(description)) {}
  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&, int64_t) override {
    return 1;
  }
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey&) override {
    return absl::UnimplementedError("not asked");
  }
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey&) override {
    GRAFT_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(file_));
    return std::make_unique<MappedArtifact>(std::move(mapped), description_);
  }

 private:
  const std::filesystem::path file_;
  const std::string description_;
};

TEST_F(NetworkLoaderTest, AServedModelOutlivesItsLoaderAndTheFilesNames) {
  Publish(1, 1);
  std::shared_ptr<const Servable> servable;
  {
    const TempDirectory folder = TempDirectory::Create().value();
    const std::filesystem::path model = folder.path() / "model";
    const std::filesystem::path weights = folder.path() / "weights";
    ASSERT_TRUE(WriteFileAtomically(model, source_.versions[1].model).ok());
    ASSERT_TRUE(WriteFileAtomically(weights, backbone_bytes_).ok());
    MappedSource source(model, source_.versions[1].description);
    const backbones::WeightsCatalog catalog(
        {backbones::BackboneWeights::Wrap("tiny", TinySpec(), Input(),
                                          *artifacts::SafetensorsFile::Open(weights), digest_)
             .value()});
    NetworkLoader::Options options;
    options.engines = {std::make_shared<engine::EagerEngineFactory>()};
    NetworkLoader loader(options, &source, &catalog, &decoders_);
    servable = loader.Load({"p", "m", 1}, {1}).value();
  }
  // A use of memory that went with the loader or its files would end the process here.
  const PreparedInput image = RandomInput(5);
  ExpectNear(Probabilities(*servable, servable->Run({{&image, {servable.get()}}}).value()[0][0]),
             Reference(1, image));
}

TEST_F(NetworkLoaderTest, PreparesPicturesAndSaysWhatIsWrongWithOthers) {
  Publish(1, 1);
  const auto servable = Load(1).value();
  const std::string png = image::EncodePng(image::MakeImage(20, 10)).value();
  EXPECT_EQ(servable->Prepare(EncodedImage{png})->bytes.size(), 3u * 8 * 8);
  for (const std::string& bad : {std::string("GIF"), png.substr(0, png.size() - 20)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(servable->Prepare(EncodedImage{bad}).status()));
  }
}

TEST_F(NetworkLoaderTest, WatchesWhatHasARecordIfItIsToldTo) {
  Publish(1, 1);
  Publish(2, 2);
  model::ModelDescription description =
      model::ModelDescriptionFromJson(source_.versions[2].description).value();
  description.drift = {.pictures = {}, .answers = {{.counts = {1, 2, 3}}}};
  source_.versions[2].description = model::ModelDescriptionToJson(description);
  EXPECT_EQ(Load(2).value()->drift_watch(), nullptr);
  NetworkLoader::Options options;
  options.drift_window = 400;
  MakeLoader(options);
  EXPECT_EQ(Load(1).value()->drift_watch(), nullptr) << "made before there was a record";
  const auto watched = Load(2).value();
  ASSERT_NE(watched->drift_watch(), nullptr);
  watched->drift_watch()->Count({1, 0, 0}, std::nullopt);
  EXPECT_EQ(watched->drift_watch()->Figures().at(0).inputs, 1);
}

// As at publishing (core/drift/picture_statistics.h), whether a picture came or its pixels; of one
// whose features are remembered there are no pixels to look at.
TEST_F(NetworkLoaderTest, PixelsAreLookedAtOnTheirWayToTheNetwork) {
  PredictCache cache(1 << 20);
  NetworkLoader::Options options;
  options.cache = &cache;
  MakeLoader(options);
  Publish(1, 1);
  const auto servable = Load(1).value();
  image::Image picture = image::MakeImage(8, 8);
  for (size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = static_cast<uint8_t>(3 * i);
  const EncodedImage encoded{image::EncodePng(picture).value()};
  const PreparedInput first = servable->Prepare(encoded).value();
  EXPECT_EQ(first.statistics, drift::StatisticsOf(first.bytes, 8, 8));
  ASSERT_TRUE(servable->Run({{&first, {servable.get()}}}).ok());
  const PreparedInput again = servable->Prepare(encoded).value();
  ASSERT_TRUE(again.known());
  EXPECT_EQ(again.statistics, std::nullopt);
}

TEST_F(NetworkLoaderTest, PicturesLargerThanTheLimitsAreRefused) {
  NetworkLoader::Options options;
  options.images.max_pixels = 199;
  MakeLoader(options);
  Publish(1, 1);
  const auto servable = Load(1).value();
  EXPECT_TRUE(
      servable->Prepare(EncodedImage{image::EncodePng(image::MakeImage(19, 10)).value()}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(
      servable->Prepare(EncodedImage{image::EncodePng(image::MakeImage(20, 10)).value()})
          .status()));
}

TEST_F(NetworkLoaderTest, DamagedModelsAreNamedNotServed) {
  Publish(1, 1);
  const Published good = source_.versions[1];
  source_.versions[2] = {good.model.substr(0, good.model.size() - 8), good.description};
  source_.versions[3] = {good.model, "{}"};
  source_.versions[4] = {Serialize({}), good.description};
  std::vector<nn::NamedTensor> more = heads_[1]->NamedTensors();
  more.push_back({.name = "stranger", .tensor = at::zeros({2})});
  source_.versions[5] = {Serialize(more), good.description};
  for (const int64_t version : {2, 3, 4, 5}) {
    const absl::Status status = Load(version).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << version << ": " << status;
    EXPECT_THAT(std::string(status.message()), StartsWith("model \"m\" version "));
  }
  EXPECT_THAT(std::string(Load(5).status().message()), HasSubstr("\"stranger\""));
  EXPECT_TRUE(absl::IsNotFound(Load(9).status()));
}

TEST_F(NetworkLoaderTest, DescriptionsThatDoNotGoWithTheirBackboneOrHeadAreDamage) {
  const auto edited = [&](const std::function<void(model::ModelDescription&)>& change) {
    Publish(1, 1);
    model::ModelDescription description =
        model::ModelDescriptionFromJson(source_.versions[1].description).value();
    change(description);
    source_.versions[1].description = model::ModelDescriptionToJson(description);
    const absl::Status measured = loader_->Measure({"p", "m", 1}).status();
    EXPECT_TRUE(measured.ok() || absl::IsDataLoss(measured)) << measured;
    return Load(1).status();
  };
  EXPECT_TRUE(edited([](model::ModelDescription&) {}).ok());
  for (const absl::Status& status :
       {edited([](model::ModelDescription& d) { d.cut_point = "classifier"; }),
        edited([](model::ModelDescription& d) { d.cut_point = "none"; }),
        edited([](model::ModelDescription& d) { d.changed_stages = {"classifier"}; }),
        edited([](model::ModelDescription& d) {
          d.cut_point = "low";
          d.changed_stages = {"high"};
        }),
        edited([](model::ModelDescription& d) { d.outputs = R"({"labels":["cat","dog"]})"; }),
        edited([](model::ModelDescription& d) { d.outputs = "{}"; }),
        edited([](model::ModelDescription& d) { d.drift = model::DriftRecord(); }),
        edited([](model::ModelDescription& d) {
          d.drift = {.pictures = {}, .answers = {{.counts = {1, 2}}}};
        }),
        edited([](model::ModelDescription& d) {
          d.drift = {.pictures = {}, .answers = {{.edges = {1, 2}, .counts = {1, 2, 3}}}};
        }),
        edited([](model::ModelDescription& d) {
          d.precision.emplace().ranges = {{"one", 0, 1}, {"nobody", 0, 1}};
        }),
        edited([](model::ModelDescription& d) {
          d.precision.emplace().ranges = {{"one", 0, -1}};
        })}) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  }
  const absl::Status unknown =
      edited([](model::ModelDescription& d) { d.task = "fortune telling"; });
  EXPECT_TRUE(absl::IsUnimplemented(unknown)) << unknown;
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("fortune telling"));
}

TEST_F(NetworkLoaderTest, WithoutItsBackboneAModelSaysWhatToInstall) {
  digest_ = std::string(64, 'a');
  Publish(1, 1);
  const absl::Status status = Load(1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"tiny\""));
}

}  // namespace
}  // namespace graft::serving
