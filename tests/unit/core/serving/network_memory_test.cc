// What models take in memory, and what of a backbone's weights is read for them.

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/openvino/openvino_engine.h"
#include "tests/fakes/counting_engine.h"
#include "tests/unit/core/serving/network_loader_fixture.h"

namespace graft::serving {
namespace {

class NetworkMemoryTest : public NetworkLoaderTest {
 protected:
  // A model whose head is on the stage `cut`, and whose own are the stages `changed`.
  void PublishOn(int64_t version, const std::string& cut, const std::vector<std::string>& changed) {
    model::ModelDescription description;
    description.backbone = "tiny";
    description.backbone_digest = digest_;
    description.cut_point = cut;
    description.changed_stages = changed;
    description.head = {
        .kind = model::HeadKind::kLinear,
        .features = cut == "low" ? model::FeatureMap{4, 8, 8} : model::FeatureMap{6, 4, 4},
        .outputs = 3};
    description.input = Input();
    description.task = tasks::kClassificationTask;
    description.outputs = tasks::ToJson(tasks::ClassificationOutputs{{"cat", "dog", "owl"}, {}});
    heads_[version] = *nn::Network::Create(*nn::BuildHead(description.head), version);
    networks_[version] = *nn::Network::Create(TinySpec(), 100 + version);
    std::vector<nn::NamedTensor> tensors = heads_[version]->NamedTensors();
    for (const std::string& name : changed) {
      const int stage = TinySpec().FindStage(name);
      for (const nn::NamedTensor& own : networks_[version]->NamedTensors(stage, stage + 1)) {
        tensors.push_back(own);
      }
    }
    source_.versions[version] = {Serialize(tensors), model::ModelDescriptionToJson(description)};
  }
  // Of stages [from, to), as float32.
  uint64_t StageBytes(int from, int to) const {
    return TensorBytes(backbone_network_->NamedTensors(from, to));
  }
  // Where a part's tensor of this name is; null where it has none.
  static const float* TensorOf(const LoadedSegment& segment, absl::string_view name) {
    for (const engine::HostTensor& tensor : segment.segment->tensors) {
      if (tensor.name == name) return tensor.data;
    }
    return nullptr;
  }
  // Of all parts of a model.
  static std::set<std::string> TensorsOf(const std::shared_ptr<const Servable>& servable) {
    std::set<std::string> names;
    const auto insert = [&](const LoadedSegment& part) {
      for (const engine::HostTensor& tensor : part.segment->tensors) names.insert(tensor.name);
    };
    for (const auto& piece : PiecesOf(servable)) insert(*piece);
    insert(Networks(servable).own());
    return names;
  }
  bool PointsIntoTheFile(const float* tensor) const {
    const char* const at = reinterpret_cast<const char*>(tensor);
    return at >= backbone_bytes_.data() && at < backbone_bytes_.data() + backbone_bytes_.size();
  }
};

TEST_F(NetworkMemoryTest, ABackboneIsInMemoryOnceAndPointsIntoItsFile) {
  Publish(1, 1);
  Publish(2, 2);
  Publish(3, 3, /*changed=*/true);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const auto changed = Load(3).value();
  EXPECT_EQ(PiecesOf(first), PiecesOf(second));
  ASSERT_EQ(PiecesOf(first).size(), 2u) << "cut where the third leaves it";
  EXPECT_EQ(PiecesOf(changed), decltype(PiecesOf(first))({PiecesOf(first)[0]}));
  for (const char* const name : {"one.weight", "one.bias"}) {
    EXPECT_TRUE(PointsIntoTheFile(TensorOf(*PiecesOf(first)[0], name))) << name;
  }
  EXPECT_TRUE(PointsIntoTheFile(TensorOf(*PiecesOf(first)[1], "two.weight")));
  const float* const own = TensorOf(Networks(changed).own(), "two.weight");
  EXPECT_NE(own, nullptr);
  EXPECT_FALSE(PointsIntoTheFile(own));
  EXPECT_EQ(first->batch_key(), changed->batch_key());
  EXPECT_EQ(first->memory().own_bytes, (6 * 3 + 3) * sizeof(float));
  EXPECT_EQ(changed->memory().own_bytes, first->memory().own_bytes + StageBytes(1, 2));
}

TEST_F(NetworkMemoryTest, ThePublishedClassifierIsNotRead) {
  PublishOn(1, "high", {});
  const auto servable = Load(1).value();
  EXPECT_FALSE(TensorsOf(servable).contains("classifier.weight"));
  EXPECT_EQ(servable->memory().backbone_bytes, StageBytes(0, 2));
}

TEST_F(NetworkMemoryTest, StagesAboveTheCutAndThoseThatAreTheModelsOwnAreNotRead) {
  PublishOn(1, "low", {});
  PublishOn(2, "high", {"high"});
  PublishOn(3, "high", {"low", "high"});
  PublishOn(4, "high", {"low"});
  const int stages[] = {1, 1, 0, 2};
  for (const int64_t version : {1, 2, 3, 4}) {
    const auto servable = Load(version).value();
    EXPECT_EQ(servable->memory().backbone_bytes, StageBytes(0, stages[version - 1]));
    EXPECT_EQ(TensorsOf(servable).contains("two.weight"), version != 1);
    const PreparedInput input = RandomInput(1);
    EXPECT_TRUE(servable->Run({{&input, {servable.get()}}}).ok());
  }
  // Above a stage that it has changed, the backbone's own.
  const auto lowest = Load(4).value();
  EXPECT_FALSE(PointsIntoTheFile(TensorOf(Networks(lowest).own(), "one.weight")));
  EXPECT_TRUE(PointsIntoTheFile(TensorOf(Networks(lowest).own(), "two.weight")));
}

TEST_F(NetworkMemoryTest, WhatAnotherModelHasOfABackboneIsNotInMemoryTwice) {
  Install(at::kHalf);  // each tensor is a float32 copy
  PublishOn(1, "low", {});
  PublishOn(2, "high", {});
  PublishOn(3, "low", {});
  const auto place = [](const std::shared_ptr<const Servable>& servable) {
    return TensorOf(*PiecesOf(servable).front(), "one.weight");
  };
  const auto low = Load(1).value();
  const auto high = Load(2).value();
  EXPECT_EQ(place(low), place(high));
  EXPECT_EQ(place(low), place(Load(3).value()));
  EXPECT_EQ(TotalBytes({low->memory(), high->memory()}),
            low->memory().own_bytes + high->memory().own_bytes + StageBytes(0, 2));
}

// What an engine takes to run a part counts once for all who have the part in common.
TEST_F(NetworkMemoryTest, EnginesCountToo) {
  NetworkLoader::Options options;
  options.engines = {std::make_shared<engine::OpenVinoEngineFactory>()};
  options.threads = 1;
  MakeLoader(options);
  Publish(1, 1);
  Publish(2, 2);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const uint64_t head = (6 * 3 + 3) * sizeof(float);
  EXPECT_EQ(first->memory().own_bytes, 2 * head) << "packed once more";
  const uint64_t counters = sizeof(int64_t);  // num_batches_tracked
  EXPECT_EQ(first->memory().segment_bytes, StageBytes(0, 2) - counters);
  EXPECT_EQ(TotalBytes({first->memory(), second->memory()}),
            4 * head + 2 * StageBytes(0, 2) - counters);
}

TEST_F(NetworkMemoryTest, MeasuresWhatAVersionWillTakeWithoutReadingIt) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    Install(type);
    PublishOn(1, "high", {});
    PublishOn(2, "high", {"high"});
    PublishOn(3, "high", {"low", "high"});
    PublishOn(4, "low", {});
    for (const int64_t version : {1, 2, 3, 4}) {
      const auto measured = loader_->Measure({"p", "m", version});
      ASSERT_TRUE(measured.ok()) << measured.status();
      EXPECT_EQ(*measured, Load(version).value()->memory()) << version;
    }
  }
  EXPECT_TRUE(absl::IsNotFound(loader_->Measure({"p", "m", 9}).status()));
}

// Where a trunk is cut anew the engines of before and of after are in memory for a while; then the
// largest share of it counts once, as ever.
TEST_F(NetworkMemoryTest, CuttingATrunkIsReservedForAndThenCountsNothing) {
  NetworkLoader::Options options;
  options.engines = {std::make_shared<CountingEngineFactory>()};
  MakeLoader(options);
  PublishOn(1, "high", {});
  PublishOn(2, "high", {"high"});
  const auto by_itself = loader_->Measure({"p", "m", 2}).value();
  EXPECT_EQ(by_itself, Load(2).value()->memory());
  const auto first = Load(1).value();
  const uint64_t engines = first->memory().segment_bytes;
  EXPECT_EQ(engines, 2 * (StageBytes(0, 2) - sizeof(int64_t)));  // num_batches_tracked
  const auto measured = loader_->Measure({"p", "m", 2}).value();
  EXPECT_EQ(measured.own_bytes, by_itself.own_bytes + engines);
  EXPECT_EQ(measured.segment_id, first->memory().segment_id);
  const auto second = Load(2).value();
  EXPECT_EQ(second->memory(), by_itself);
  EXPECT_EQ(Networks(first).place()->trunk().bytes(), engines);
  EXPECT_EQ(TotalBytes({first->memory(), second->memory()}),
            first->memory().own_bytes + second->memory().own_bytes + engines + StageBytes(0, 2));
  // The cut is there now.
  EXPECT_EQ(loader_->Measure({"p", "m", 2}).value(), by_itself);
}

// Two that are loaded at one time: whichever comes first has the trunk cut for both.
TEST_F(NetworkMemoryTest, WhoIsAnnouncedNeedsNoRoomForACut) {
  const auto counting = std::make_shared<CountingEngineFactory>();
  NetworkLoader::Options options;
  options.engines = {counting};
  MakeLoader(options);
  PublishOn(1, "high", {});
  PublishOn(2, "high", {"high"});
  std::shared_ptr<const void> first = loader_->Announce({"p", "m", 1});
  std::shared_ptr<const void> second = loader_->Announce({"p", "m", 2});
  const ModelBytes measured = loader_->Measure({"p", "m", 2}).value();
  const auto whole = Load(1).value();
  EXPECT_THAT(counting->TakeMade(), ::testing::ElementsAre("one", "two+two_norm", "head"));
  EXPECT_EQ(measured, Load(2).value()->memory());
  EXPECT_EQ(loader_->Announce({"p", "m", 9}), nullptr) << "Measure says what is wrong";
}

// What only the deeper model needs goes with it: the ledger counts on it.
TEST_F(NetworkMemoryTest, WhatIsLeftOfATrunkIsWhatItsModelsCountFor) {
  NetworkLoader::Options options;
  options.engines = {std::make_shared<CountingEngineFactory>()};
  MakeLoader(options);
  PublishOn(1, "high", {});
  PublishOn(2, "high", {"high"});
  auto first = Load(1).value();
  const auto second = Load(2).value();
  first.reset();
  EXPECT_EQ(Networks(second).place()->trunk().bytes(), second->memory().segment_bytes);
}

TEST_F(NetworkMemoryTest, HalfPrecisionCountsAsTheFloatsThatItBecomes) {
  Install(at::kHalf);
  PublishOn(1, "high", {});
  const auto servable = Load(1).value();
  EXPECT_EQ(servable->memory().backbone_bytes, StageBytes(0, 2));
  for (const engine::HostTensor& tensor : PiecesOf(servable).front()->segment->tensors) {
    EXPECT_FALSE(PointsIntoTheFile(tensor.data)) << tensor.name;
  }
}

}  // namespace
}  // namespace graft::serving
