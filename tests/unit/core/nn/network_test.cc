#include "core/nn/network.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/tiny_network.h"

namespace graft::nn {
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

// The first and the last value of each tensor as PyTorch 2 draws them, one after the other, from a
// generator of seed 7, with uniform_ and bounds 1 / sqrt(fan-in). A job that is resumed, or run
// again with its seed, starts from these.
TEST(NetworkTest, WeightsOfASeedAreThoseOfAllVersions) {
  const struct {
    const char* name;
    float first, last;
  } expected[] = {{"stem.weight", 0.0134416921f, -0.0620623752f},
                  {"body.weight", -0.0963962525f, -0.0105351014f},
                  {"body.bias", -0.0476435423f, 0.094440639f},
                  {"gate.weight", 0.135758221f, -0.0950115919f},
                  {"gate.bias", -0.0916404724f, -0.286177993f},
                  {"classifier.weight", -0.267944455f, 0.399513245f},
                  {"classifier.bias", -0.212695003f, 0.436733246f}};
  const auto named = Tiny(7)->NamedTensors();
  for (const auto& [name, first, last] : expected) {
    const auto own =
        std::find_if(named.begin(), named.end(),
                     [&name = name](const NamedTensor& tensor) { return tensor.name == name; });
    ASSERT_NE(own, named.end()) << name;
    const at::Tensor flat = own->tensor.detach().flatten();
    EXPECT_EQ(flat[0].item<float>(), first) << name;
    EXPECT_EQ(flat[-1].item<float>(), last) << name;
  }
}

TEST(NetworkTest, TapsGiveWhatCuttingThereGives) {
  NetworkSpec spec = TinyNetwork();
  spec.taps = {{"early", 3}};
  const auto network = Network::Create(spec, 1).value();
  const at::NoGradGuard no_grad;
  const std::vector<int> taps = {spec.FindTap("body"), spec.FindTap("early"), spec.FindTap("stem")};
  const std::vector<at::Tensor> out = network->ForwardTaps({Input()}, 0, 3, taps);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_TRUE(at::equal(out[0], network->Forward(Input(), 0, 2)));
  EXPECT_TRUE(at::equal(out[2], network->Forward(Input(), 0, 1)));
  const at::Tensor early = at::conv2d(out[2], network->NamedTensors(1, 2)[0].tensor,
                                      network->NamedTensors(1, 2)[1].tensor, {1, 1}, {1, 1});
  EXPECT_TRUE(at::equal(out[1], early));
  EXPECT_THROW(network->ForwardTaps({out[2]}, 1, 2, {spec.FindTap("stem")}), c10::Error);
}

TEST(NetworkTest, EveryStageMayReadAnInputThatLiesBeside) {
  const auto network = Network::Create(TinyEncoder(), 1).value();
  const at::NoGradGuard no_grad;
  const at::Tensor ids = at::arange(6, at::kLong).view({1, 6});
  at::Tensor mask = at::ones({1, 6});
  mask.slice(1, 4).zero_();
  const std::vector<int> logits = {network->spec().FindTap("classifier")};
  const at::Tensor masked = network->ForwardTaps({ids, mask}, 0, 3, logits).front();
  // Padding is as good as no tokens, wherever the network is cut.
  EXPECT_TRUE(at::allclose(masked, network->Forward(ids.slice(1, 0, 4), 0, 3), 1e-5, 1e-6));
  const at::Tensor embedded = network->Forward(ids, 0, 1);
  EXPECT_TRUE(at::equal(network->ForwardTaps({embedded, mask}, 1, 3, logits).front(), masked));
  EXPECT_FALSE(at::allclose(network->Forward(ids, 0, 3), masked, 1e-3, 1e-3));
  EXPECT_THROW(network->ForwardTaps({at::Tensor(), mask}, 0, 3, logits), c10::Error);
}

TEST(NetworkTest, APlacementGoesWithNetworkAndInputs) {
  const std::unique_ptr<Network> network = Tiny();
  const at::NoGradGuard no_grad;
  const at::Tensor exact = network->Forward(Input(), 0, 3);
  const Placement half{.dtype = at::kBFloat16};
  const auto made = Network::Create(TinyNetwork(), 1, half).value();
  network->To(half);
  EXPECT_EQ(network->placement(), half);
  for (const Network* placed : {network.get(), made.get()}) {
    const at::Tensor out = placed->Forward(Input(), 0, 3);
    EXPECT_EQ(out.scalar_type(), at::kBFloat16);
    EXPECT_EQ(OnHost(out).scalar_type(), at::kFloat);
    EXPECT_TRUE(at::allclose(OnHost(out), exact, 0.05, 0.05));
    EXPECT_FALSE(at::equal(OnHost(out), exact));
  }
  for (const NamedTensor& named : network->NamedTensors()) {
    EXPECT_EQ(named.tensor.scalar_type(),
              named.name.ends_with("num_batches_tracked") ? at::kLong : at::kBFloat16)
        << named.name;
  }
  // What is put in comes to the network's placement.
  ASSERT_TRUE(network->SetTensor("classifier.bias", at::zeros({5})).ok());
  EXPECT_EQ(network->NamedTensors().back().tensor.scalar_type(), at::kBFloat16);
}

TEST(NetworkTest, GradientsReachTrainableStagesOnly) {
  const std::unique_ptr<Network> network = Tiny();
  network->SetTrainableFrom(1);
  network->SetTraining(true);
  network->Forward(Input(), 0, 3).sum().backward();
  for (const NamedTensor& named : network->NamedTensors()) {
    EXPECT_EQ(named.decays, named.is_parameter && named.tensor.dim() > 1) << named.name;
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

}  // namespace
}  // namespace graft::nn
