#include "core/nn/network.h"

#include <memory>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/nn/head.h"
#include "tests/unit/core/nn/tiny_network.h"

namespace graft {
namespace {

std::unique_ptr<Network> Tiny(uint64_t seed = 1) {
  return Network::Create(TinyNetwork(), seed).value();
}

at::Tensor Input() {
  at::manual_seed(3);
  return at::randn({2, 3, 16, 16});
}

TEST(NetworkTest, CuttingAnywhereGivesTheSame) {
  const std::unique_ptr<Network> network = Tiny();
  const at::NoGradGuard no_grad;
  const at::Tensor x = Input();
  const at::Tensor whole = network->Forward(x, 0, 3);
  EXPECT_EQ(whole.sizes().vec(), (std::vector<int64_t>{2, 5}));
  for (int cut = 0; cut <= 3; ++cut) {
    EXPECT_TRUE(at::equal(network->Forward(network->Forward(x, 0, cut), cut, 3), whole)) << cut;
  }
}

TEST(NetworkTest, TheSameSeedGivesTheSameWeights) {
  const auto a = Tiny(7)->NamedTensors();
  const auto b = Tiny(7)->NamedTensors();
  const auto c = Tiny(8)->NamedTensors();
  ASSERT_EQ(a.size(), b.size());
  bool differs = false;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_TRUE(at::equal(a[i].tensor, b[i].tensor)) << a[i].name;
    differs = differs || !at::equal(a[i].tensor, c[i].tensor);
  }
  EXPECT_TRUE(differs);
}

TEST(NetworkTest, GradientsReachTrainableStagesOnly) {
  const std::unique_ptr<Network> network = Tiny();
  network->SetTrainableFrom(1);
  network->SetTraining(true);
  network->Forward(Input(), 0, 3).sum().backward();
  for (const NamedTensor& named : network->NamedTensors()) {
    if (!named.is_parameter) continue;
    EXPECT_EQ(named.tensor.grad().defined(), named.stage >= 1) << named.name;
  }
}

TEST(NetworkTest, StatisticsOfFrozenNormsDoNotMove) {
  const std::unique_ptr<Network> network = Tiny();
  network->SetTrainableFrom(1);
  network->SetTraining(true, /*update_batch_norm=*/true);
  const std::unique_ptr<Network> before = network->Clone();
  network->Forward(Input(), 0, 3);
  const auto old_tensors = before->NamedTensors();
  const auto new_tensors = network->NamedTensors();
  bool moved = false;
  for (size_t i = 0; i < old_tensors.size(); ++i) {
    if (old_tensors[i].is_parameter) continue;
    const bool same = at::equal(old_tensors[i].tensor, new_tensors[i].tensor);
    if (old_tensors[i].stage < 1) {
      EXPECT_TRUE(same) << old_tensors[i].name;
    } else {
      moved = moved || !same;
    }
  }
  EXPECT_TRUE(moved);  // the trainable stage's do
}

TEST(NetworkTest, StatisticsStayWhenAskedTo) {
  const std::unique_ptr<Network> network = Tiny();
  network->SetTraining(true, /*update_batch_norm=*/false);
  const std::unique_ptr<Network> before = network->Clone();
  network->Forward(Input(), 0, 3);
  const auto old_tensors = before->NamedTensors();
  const auto new_tensors = network->NamedTensors();
  for (size_t i = 0; i < old_tensors.size(); ++i) {
    EXPECT_TRUE(at::equal(old_tensors[i].tensor, new_tensors[i].tensor)) << old_tensors[i].name;
  }
}

TEST(NetworkTest, SetTensorChecksNameAndShape) {
  const std::unique_ptr<Network> network = Tiny();
  EXPECT_EQ(network->SetTensor("nothing.weight", at::zeros({1})).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(network->SetTensor("classifier.bias", at::zeros({4})).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(network->SetTensor("classifier.bias", at::zeros({5})).ok());
}

TEST(HeadTest, KindsHaveTheirNamesAndShapes) {
  HeadSpec spec{HeadKind::kLinear, {6, 2, 3}, 7, 0.5, 4};
  const at::NoGradGuard no_grad;
  const auto forward = [&](const at::Tensor& x) {
    return Network::Create(BuildHead(spec).value()).value()->Forward(x, 0, 1).sizes().vec();
  };
  const std::vector<int64_t> logits = {5, 4};
  EXPECT_EQ(forward(at::ones({5, 6, 2, 3})), logits);
  EXPECT_EQ(forward(at::ones({5, 6})), logits);  // pooled already
  spec.kind = HeadKind::kMlp;
  EXPECT_EQ(forward(at::ones({5, 6, 2, 3})), logits);
  spec.kind = HeadKind::kArticle;
  EXPECT_EQ(forward(at::ones({5, 6, 2, 3})), logits);
  const auto named = Network::Create(BuildHead(spec).value()).value()->NamedTensors();
  ASSERT_EQ(named.size(), 4u);
  EXPECT_EQ(named[0].name, "head.0.weight");
  EXPECT_EQ(named[0].tensor.sizes().vec(), (std::vector<int64_t>{7, 36}));
  EXPECT_EQ(named[2].name, "head.3.weight");
}

}  // namespace
}  // namespace graft
