#include "core/serving/gradient_map.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/nn/head.h"
#include "core/nn/network_spec.h"

namespace graft::serving {
namespace {

constexpr int kSize = 8;

// [height, width, 3], grey but for a bright square at (x, y).
std::vector<uint8_t> Picture(int x, int y, int side) {
  std::vector<uint8_t> pixels(size_t{kSize} * kSize * 3, 0);
  for (int row = y; row < y + side; ++row) {
    for (int column = x; column < x + side; ++column) {
      for (int c = 0; c < 3; ++c) pixels[(row * kSize + column) * 3 + c] = 255;
    }
  }
  return pixels;
}

model::ModelDescription Description(model::HeadSpec head) {
  model::ModelDescription description;
  description.head = std::move(head);
  description.input.height = description.input.width = kSize;
  for (int c = 0; c < 3; ++c) {
    description.input.mean[c] = 0;
    description.input.std[c] = 1;
  }
  return description;
}

absl::StatusOr<int64_t> First(absl::Span<const float>) { return 0; }

// One convolution without a kernel of its own: channel 0 is the picture's brightness, channel 1 the
// same with the other sign and a bias, so that it is large where the picture is dark.
class ConvolutionTest : public ::testing::Test {
 protected:
  ConvolutionTest() {
    nn::SpecBuilder builder("one", {3, kSize, kSize});
    builder.Append("conv", nn::Conv2d{.in_channels = 3, .out_channels = 2, .kernel = 1});
    builder.EndStage("low");
    builder.Append("", nn::MaxPool2d{.kernel = 2, .stride = 2});
    builder.EndStage("high");
    builder.EndFeatures();
    backbone_ = *nn::Network::Create(builder.Take());
    EXPECT_TRUE(backbone_
                    ->SetTensor("conv.weight",
                                at::tensor({1.f, 1.f, 1.f, -1.f, -1.f, -1.f}).view({2, 3, 1, 1}))
                    .ok());
    EXPECT_TRUE(backbone_->SetTensor("conv.bias", at::tensor({0.f, 3.f})).ok());
    backbone_->SetTraining(false);
    description_ = Description({.kind = model::HeadKind::kLinear,
                                .features = {.channels = 2, .height = 4, .width = 4},
                                .outputs = 2});
    head_ = *nn::Network::Create(*nn::BuildHead(description_.head));
    // Output 0 likes brightness, output 1 darkness.
    EXPECT_TRUE(head_->SetTensor("head.weight", at::eye(2)).ok());
    head_->SetTraining(false);
  }
  GradientMapper Mapper() const {
    return GradientMapper({backbone_, backbone_, {}, head_, 2}, description_);
  }

  std::shared_ptr<nn::Network> backbone_;
  std::shared_ptr<nn::Network> head_;
  model::ModelDescription description_;
};

TEST_F(ConvolutionTest, TheHeatIsWhereTheOutputComesFrom) {
  const auto bright = Mapper().Map(Picture(4, 0, 2), First);
  ASSERT_TRUE(bright.ok()) << bright.status();
  EXPECT_EQ(bright->map.height, 4);
  EXPECT_EQ(bright->map.width, 4);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) {
      EXPECT_EQ(bright->map.values[y * 4 + x], x == 2 && y == 0 ? 1 : 0) << x << ", " << y;
    }
  }
  EXPECT_EQ(bright->outputs.size(), 2u);
  const auto dark =
      Mapper().Map(Picture(4, 0, 2), [](absl::Span<const float>) { return int64_t{1}; });
  ASSERT_TRUE(dark.ok());
  EXPECT_EQ(dark->of, 1);
  EXPECT_EQ(dark->map.values[2], 0) << "the bright place does not speak for darkness";
  EXPECT_EQ(dark->map.values[0], 1);
}

TEST_F(ConvolutionTest, NothingThatSpeaksForItIsNoHeatAndWhoChoosesMayRefuse) {
  const auto none = Mapper().Map(Picture(0, 0, 0), First);
  ASSERT_TRUE(none.ok());
  EXPECT_THAT(none->map.values, ::testing::Each(0.f));
  const auto refused = Mapper().Map(Picture(0, 0, 0), [](absl::Span<const float> outputs) {
    EXPECT_EQ(outputs.size(), 2u);
    return absl::StatusOr<int64_t>(absl::InvalidArgumentError("no such output"));
  });
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
}

TEST_F(ConvolutionTest, ThoseWhoAskAtOnceDoNotDisturbEachOther) {
  const GradientMapper mapper = Mapper();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto mapped = mapper.Map(Picture(2 * t, 0, 2), First);
        if (!mapped.ok() || mapped->map.values[t] != 1) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// A transformer of one block, whose class token reads the patches in it for the last time.
TEST(TokensTest, TheHeatIsOfThePatchesThatTheClassTokenReads) {
  nn::SpecBuilder builder("tiny_vit", {3, kSize, kSize});
  builder.Append("conv", nn::Conv2d{.in_channels = 3, .out_channels = 4, .kernel = 2, .stride = 2});
  builder.Append("", nn::MapToTokens{});
  builder.Append("cls_token", nn::ClassToken{4});
  builder.EndStage("embed");
  const int before = builder.last();
  builder.Append("attn.qkv", nn::Linear{4, 12});
  builder.Append("", nn::Attention{.channels = 4, .heads = 1});
  const int attended = builder.last();
  builder.Append("", nn::Add{}, {before, attended});
  builder.EndStage("block");
  builder.Append("norm", nn::LayerNorm{.features = 4});
  builder.EndStage("norm");
  builder.EndFeatures(/*prefix_tokens=*/1);
  const nn::NetworkSpec spec = builder.Take();
  ASSERT_TRUE(nn::Validate(spec).ok()) << nn::Validate(spec);
  const std::shared_ptr<nn::Network> backbone = *nn::Network::Create(spec, 3);
  backbone->SetTraining(false);
  model::HeadSpec spec_of_head{.kind = model::HeadKind::kLinear,
                               .features = {.channels = 4, .tokens = 17, .prefix_tokens = 1},
                               .outputs = 2};
  spec_of_head.pooling = model::Pooling::kClassToken;
  const std::shared_ptr<nn::Network> head = *nn::Network::Create(*nn::BuildHead(spec_of_head), 5);
  head->SetTraining(false);
  // What speaks against one output speaks for the other.
  const at::Tensor weight = head->NamedTensors()[0].tensor.detach().slice(0, 0, 1);
  ASSERT_TRUE(head->SetTensor("head.weight", at::cat({weight, -weight})).ok());
  const GradientMapper mapper({backbone, backbone, {}, head, 3}, Description(spec_of_head));
  auto mapped = mapper.Map(Picture(2, 4, 2), First);
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  const std::vector<float> zeros(16);
  if (mapped->map.values == zeros) {
    mapped = mapper.Map(Picture(2, 4, 2), [](absl::Span<const float>) { return int64_t{1}; });
    ASSERT_TRUE(mapped.ok()) << mapped.status();
  }
  EXPECT_EQ(mapped->map.height, 4);
  EXPECT_EQ(mapped->map.width, 4);
  EXPECT_EQ(*std::max_element(mapped->map.values.begin(), mapped->map.values.end()), 1);
  // The one patch that differs stands out against all others, which are the same.
  const float odd = mapped->map.values[2 * 4 + 1];
  const float usual = mapped->map.values[0];
  EXPECT_NE(odd, usual);
  for (int i = 0; i < 16; ++i) {
    if (i == 9) continue;
    EXPECT_NEAR(mapped->map.values[i], usual, 1e-5) << i;
  }
}

}  // namespace
}  // namespace graft::serving
