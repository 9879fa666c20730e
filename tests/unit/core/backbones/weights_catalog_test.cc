#include "core/backbones/weights_catalog.h"

#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/backbones/catalog.h"
#include "core/base/files.h"
#include "core/base/sha256.h"

namespace graft::backbones {
namespace {

using ::testing::HasSubstr;

using Tensors = std::vector<nn::NamedTensor>;

// Weights of EfficientNet-Lite0 drawn from a seed, as an importer would install them.
class WeightsCatalogTest : public ::testing::Test {
 protected:
  void Install(const std::function<void(Tensors&)>& change = nullptr) {
    const auto network = nn::Network::Create(BuildArchitecture("tf_efficientnet_lite0").value(), 1);
    Tensors tensors = (*network)->NamedTensors();
    if (change) change(tensors);
    std::vector<at::Tensor> keep;
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(artifacts::WriteSafetensors(weights_, nn::ViewTensors(tensors, keep), {}).ok());
    const nlohmann::json config = {
        {"format", 1},
        {"id", "lite0"},
        {"architecture", "tf_efficientnet_lite0"},
        {"sha256", Sha256HexOfFile(weights_.string()).value()},
        {"licence", "none"},
        {"source", "drawn from a seed"},
        {"input_spec", nlohmann::json::parse(model::InputSpecToJson({}))}};
    ASSERT_TRUE(WriteFileAtomically(folder_ / "config.json", config.dump()).ok());
  }
  absl::Status Load() { return BackboneWeights::Load(folder_).status(); }

  const TempDirectory root_ = TempDirectory::Create().value();
  const std::filesystem::path folder_ = root_.path() / "lite0";
  const std::filesystem::path weights_ = folder_ / "model.safetensors";
};

TEST_F(WeightsCatalogTest, LoadsWhatWasInstalled) {
  Install();
  const auto weights = BackboneWeights::Load(folder_);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ((*weights)->digest(), Sha256HexOfFile(weights_.string()).value());
  EXPECT_TRUE((*weights)->has_classifier());
  EXPECT_EQ((*weights)->licence(), "none");
}

TEST_F(WeightsCatalogTest, AChangedFileIsToBeImportedAgainWhateverIsWrongWithIt) {
  Install();
  const std::string bytes = ReadFile(weights_, 1 << 30).value();
  std::string value = bytes;
  value.back() ^= 1;
  std::string header = bytes;
  header[20] ^= 1;
  for (const std::string& other :
       {value, header, bytes + "x", bytes.substr(0, 100), std::string()}) {
    ASSERT_TRUE(WriteFileAtomically(weights_, other).ok());
    const absl::Status status = Load();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("import it again"));
  }
}

TEST_F(WeightsCatalogTest, WhatIsWrongWithTheWeightsIsNamed) {
  const auto refused = [&](const std::function<void(Tensors&)>& change) {
    Install(change);
    const absl::Status status = Load();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refused([](Tensors& tensors) {
                tensors.back().tensor =
                    at::full_like(tensors.back().tensor, std::numeric_limits<float>::infinity());
              }),
              HasSubstr("holds NaN or infinity"));
  EXPECT_THAT(refused([](Tensors& tensors) { tensors.erase(tensors.begin()); }),
              HasSubstr("is missing"));
  EXPECT_THAT(refused([](Tensors& tensors) { tensors[0].tensor = at::zeros({3}); }),
              HasSubstr("has shape [3]"));
  EXPECT_THAT(refused([](Tensors& tensors) { tensors[0].tensor = tensors[0].tensor.to(at::kInt); }),
              HasSubstr("has dtype I32"));
  EXPECT_THAT(refused([](Tensors& tensors) {
                tensors.push_back({"more", at::zeros({1})});
              }),
              HasSubstr("'more'"));
}

TEST_F(WeightsCatalogTest, OneBadFolderIsNamedAndStopsNoOther) {
  Install();
  std::filesystem::create_directories(root_.path() / "empty");
  const auto catalog = WeightsCatalog::Open(root_.path());
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(catalog->backbones().size(), 1u);
  ASSERT_EQ(catalog->problems().size(), 1u);
  EXPECT_THAT(std::string(catalog->problems()[0].message()), HasSubstr("backbone empty"));
}

}  // namespace
}  // namespace graft::backbones
