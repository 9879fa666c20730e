#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/training/data/dataset_examples.h"
#include "core/training/fine_tune.h"
#include "core/training/network/network_under_training.h"
#include "core/training/state/tensor_file.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::training {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class FineTuneModelTest : public TinyFineTuneTest {};

TEST_F(FineTuneModelTest, TheModelFileCarriesItsDescription) {
  const auto result = Run({});
  ASSERT_TRUE(result.ok());
  auto file = artifacts::SafetensorsFile::Parse(result->model);
  ASSERT_TRUE(file.ok());
  const auto description = model::ModelDescriptionFromJson((*file)->metadata().at("graft.model"));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->head, result->description.head);
}

// The published file, put over the backbone's weights as serving does, gives the report's figures.
TEST_F(FineTuneModelTest, WhatIsPublishedRebuildsTheModel) {
  UseDataset(20, 3, /*with_test=*/true);
  recipes::FineTuneConfig config;
  config.strategy = recipes::Strategy::kFull;
  config.training.epochs = 3;
  config.training.learning_rate = 0.02;
  config.data.augment = false;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(nlohmann::json::parse(result->report.json)["split"], "test");
  EXPECT_EQ(result->report.examples, 15);

  auto network = NetworkUnderTraining::Create(*backbone_.weights, result->description.head, 99);
  ASSERT_TRUE(network.ok());
  const auto file = ParseTensorFile(result->model);
  ASSERT_TRUE(file.ok()) << file.status();
  const at::NoGradGuard no_grad;
  for (int stage = 0; stage <= (*network)->stages(); ++stage) {
    for (const TrainedTensor& tensor : (*network)->tensors(stage)) {
      const auto found = file->tensors.find(tensor.name);
      if (found != file->tensors.end()) at::Tensor(tensor.tensor).copy_(found->second);
    }
  }
  (*network)->SetMode((*network)->stages(), false, recipes::BatchNormMode::kFrozenStatistics);
  int64_t right = 0;
  DatasetExamples images(dataset_.get(), inputs::InputFor(backbone_.weights->input()), 1);
  for (int i = 0; i < dataset_->size(); ++i) {
    if (dataset_->manifest().entries[i].split != data::Split::kTest) continue;
    const auto image = images.Open({{{i, 0}}})->Next();
    ASSERT_TRUE(image.ok());
    const at::Tensor logits = (*network)->Head((*network)->HeadInput(*image, 0));
    right += logits.argmax(1).item<int64_t>() == dataset_->manifest().entries[i].class_index;
  }
  EXPECT_DOUBLE_EQ(static_cast<double>(right) / 15,
                   tasks::FindFigure(result->report.figures, "accuracy").value());
}

TEST_F(FineTuneModelTest, TheCardSaysWhatAReaderMustKnow) {
  const auto result = Run({});
  ASSERT_TRUE(result.ok());
  const auto card = nlohmann::json::parse(result->card_json);
  EXPECT_EQ(card["backbone"]["id"], "tiny_vgg");
  EXPECT_EQ(card["backbone"]["digest"], backbone_.weights->digest());
  EXPECT_EQ(card["data"]["digest"], dataset_->digest());
  EXPECT_EQ(card["data"]["train_images"], 48);
  EXPECT_EQ(card["hyperparameters"]["strategy"], "feature_extraction");
  EXPECT_GT(card["hyperparameters"]["training"]["l2"].get<double>(), 0);
  EXPECT_TRUE(card["phase_seconds"].contains("features"));
  EXPECT_EQ(card["report"]["images"], 12);
  EXPECT_EQ(result->card_json.find(folder_->path().string()), std::string::npos);
}

TEST_F(FineTuneModelTest, PublishedBatchNormStatisticsAreThePretrainedOnes) {
  for (recipes::Strategy strategy : {recipes::Strategy::kTopLayers, recipes::Strategy::kFull}) {
    recipes::FineTuneConfig config;
    config.strategy = strategy;
    config.training.epochs = 3;
    config.training.head_epochs = 1;
    config.training.learning_rate = 0.05;
    config.training.early_stopping_patience = 0;
    checkpoints_.saved.clear();
    const auto result = Run(config);
    ASSERT_TRUE(result.ok()) << result.status();
    auto published = artifacts::SafetensorsFile::Parse(result->model);
    ASSERT_TRUE(published.ok());
    int statistics = 0;
    for (const artifacts::TensorView& tensor : (*published)->tensors()) {
      if (tensor.name.find("running") == std::string::npos) continue;
      EXPECT_EQ(tensor.bytes, backbone_.weights->file().Find(tensor.name)->bytes) << tensor.name;
      ++statistics;
    }
    EXPECT_EQ(statistics, strategy == recipes::Strategy::kFull ? 4 : 2);
  }
}

TEST_F(FineTuneModelTest, FromScratchKeepsNothingOfTheBackboneButItsStructure) {
  recipes::FineTuneConfig config;
  config.strategy = recipes::Strategy::kFromScratch;
  config.training.epochs = 1;
  config.training.learning_rate = 1e-9;  // weights as they were drawn
  const auto drawn = Run(config);
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  EXPECT_THAT(drawn->description.changed_stages, ::testing::ElementsAre("block1", "block2"));
  config.training.seed = 1;
  checkpoints_.saved.clear();
  const auto otherwise = Run(config);
  ASSERT_TRUE(otherwise.ok()) << otherwise.status();
  const auto file = artifacts::SafetensorsFile::Parse(drawn->model);
  const auto other = artifacts::SafetensorsFile::Parse(otherwise->model);
  ASSERT_TRUE(file.ok() && other.ok());
  for (const char* const name : {"features.0.weight", "features.4.weight"}) {
    const absl::string_view bytes = (*file)->Find(name)->bytes;
    EXPECT_NE(bytes, backbone_.weights->file().Find(name)->bytes) << name;
    EXPECT_NE(bytes, (*other)->Find(name)->bytes) << name;
  }
  EXPECT_NE((*file)->Find("features.1.running_mean")->bytes,
            backbone_.weights->file().Find("features.1.running_mean")->bytes);
}

TEST_F(FineTuneModelTest, TheCardSaysInWhichShareWeightsWereAveraged) {
  recipes::FineTuneConfig config;
  config.strategy = recipes::Strategy::kLpFt;
  config.training.epochs = 2;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  const auto card = nlohmann::json::parse(result->card_json);
  const double share = card["weight_averaging"]["fine_tuned_share"].get<double>();
  EXPECT_GT(share, 0);
  EXPECT_LE(share, 1);
  EXPECT_GT(card["hyperparameters"]["training"]["l2"].get<double>(), 0) << "of its first phase";
}

TEST_F(FineTuneModelTest, BatchStatisticsMoveInTrainedStagesOnly) {
  const model::HeadSpec head{model::HeadKind::kLinear, {8, 4, 4}, 0, 0, 3};
  auto network = NetworkUnderTraining::Create(*backbone_.weights, head, 0);
  ASSERT_TRUE(network.ok()) << network.status();
  const auto moved = [&](int first, recipes::BatchNormMode mode) {
    std::vector<at::Tensor> before;
    for (int stage : {0, 1}) {
      for (const TrainedTensor& tensor : (*network)->tensors(stage)) {
        if (!tensor.is_parameter) before.push_back(tensor.tensor.clone());
      }
    }
    (*network)->SetMode(first, /*training=*/true, mode);
    (*network)->Forward(at::rand({4, 3, 16, 16}), 0, 2);
    std::vector<std::string> names;
    size_t i = 0;
    for (int stage : {0, 1}) {
      for (const TrainedTensor& tensor : (*network)->tensors(stage)) {
        if (!tensor.is_parameter && !at::equal(tensor.tensor, before[i++])) {
          names.push_back(tensor.name);
        }
      }
    }
    return names;
  };
  EXPECT_THAT(moved(0, recipes::BatchNormMode::kFrozenStatistics), IsEmpty());
  EXPECT_THAT(moved(1, recipes::BatchNormMode::kBatchStatistics),
              UnorderedElementsAre("features.5.running_mean", "features.5.running_var",
                                   "features.5.num_batches_tracked"));
}

}  // namespace
}  // namespace graft::training
