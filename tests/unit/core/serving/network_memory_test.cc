// What models take in memory, and what of a backbone's weights is read for them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  static int StagesWithWeights(const nn::Network& network) {
    int stages = 0;
    while (stages < network.num_stages() &&
           (network.NamedTensors(stages, stages + 1).empty() ||
            !network.NamedTensors(stages, stages + 1)[0].tensor.is_meta())) {
      ++stages;
    }
    return stages;
  }
};

TEST_F(NetworkMemoryTest, ABackboneIsInMemoryOnceAndPointsIntoItsFile) {
  Publish(1, 1);
  Publish(2, 2);
  Publish(3, 3, /*changed=*/true);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const auto changed = Load(3).value();
  EXPECT_EQ(&Networks(first).features(), &Networks(second).features());
  const auto shared = Networks(first).features().NamedTensors(0, 1);
  const auto prefix = Networks(changed).features().NamedTensors(0, 1);
  for (size_t i = 0; i < shared.size(); ++i) {
    EXPECT_EQ(shared[i].tensor.const_data_ptr(), prefix[i].tensor.const_data_ptr());
    const char* at = static_cast<const char*>(shared[i].tensor.const_data_ptr());
    EXPECT_GE(at, backbone_bytes_.data());
    EXPECT_LT(at, backbone_bytes_.data() + backbone_bytes_.size());
  }
  EXPECT_NE(Networks(first).features().NamedTensors(1, 2)[0].tensor.const_data_ptr(),
            Networks(changed).features().NamedTensors(1, 2)[0].tensor.const_data_ptr());
  EXPECT_NE(first->batch_key(), changed->batch_key());
  EXPECT_EQ(first->memory().own_bytes, (6 * 3 + 3) * sizeof(float));
  EXPECT_EQ(changed->memory().own_bytes, first->memory().own_bytes + StageBytes(1, 2));
}

TEST_F(NetworkMemoryTest, ThePublishedClassifierIsNotRead) {
  PublishOn(1, "high", {});
  const auto servable = Load(1).value();
  EXPECT_EQ(Networks(servable).backbone().stages, 2);
  EXPECT_EQ(StagesWithWeights(Networks(servable).features()), 2);
  EXPECT_EQ(servable->memory().backbone_bytes, StageBytes(0, 2));
}

TEST_F(NetworkMemoryTest, StagesAboveTheCutAndThoseThatAreTheModelsOwnAreNotRead) {
  PublishOn(1, "low", {});
  PublishOn(2, "high", {"high"});
  PublishOn(3, "high", {"low", "high"});
  const int stages[] = {1, 1, 0};
  for (const int64_t version : {1, 2, 3}) {
    const auto servable = Load(version).value();
    const SharedBackbone& backbone = Networks(servable).backbone();
    EXPECT_EQ(backbone.stages, stages[version - 1]);
    EXPECT_EQ(StagesWithWeights(*backbone.network), stages[version - 1]);
    EXPECT_EQ(servable->memory().backbone_bytes, StageBytes(0, stages[version - 1]));
    const PreparedInput input = RandomInput(1);
    EXPECT_TRUE(servable->Run({{servable.get(), &input}}).ok());
  }
}

TEST_F(NetworkMemoryTest, WhatAnotherModelHasOfABackboneIsNotInMemoryTwice) {
  Install(at::kHalf);  // each tensor is a float32 copy
  PublishOn(1, "low", {});
  PublishOn(2, "high", {});
  PublishOn(3, "low", {});
  const auto place = [](const std::shared_ptr<const Servable>& servable) {
    return Networks(servable).features().NamedTensors(0, 1)[0].tensor.const_data_ptr();
  };
  const auto low = Load(1).value();
  const auto high = Load(2).value();
  EXPECT_EQ(place(low), place(high));
  EXPECT_EQ(place(low), place(Load(3).value()));
  EXPECT_EQ(TotalBytes({low->memory(), high->memory()}),
            low->memory().own_bytes + high->memory().own_bytes + StageBytes(0, 2));
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

TEST_F(NetworkMemoryTest, HalfPrecisionCountsAsTheFloatsThatItBecomes) {
  Install(at::kHalf);
  PublishOn(1, "high", {});
  const auto servable = Load(1).value();
  EXPECT_EQ(servable->memory().backbone_bytes, StageBytes(0, 2));
  for (const nn::NamedTensor& named : Networks(servable).features().NamedTensors(0, 2)) {
    const char* const at = static_cast<const char*>(named.tensor.const_data_ptr());
    EXPECT_FALSE(at >= backbone_bytes_.data() &&
                 at < backbone_bytes_.data() + backbone_bytes_.size())
        << named.name;
  }
}

}  // namespace
}  // namespace graft::serving
