#include "core/nn/ops/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

constexpr int64_t kRows = 2;
constexpr int64_t kTokens = 5;
constexpr int64_t kChannels = 6;
constexpr int64_t kHeads = 3;

std::vector<NetworkInput> Inputs() {
  return {{.name = "qkv", .shape = {kTokens, 3 * kChannels}},
          {.name = "mask", .shape = {kTokens}, .optional = true}};
}

at::Tensor Qkv() {
  return at::sin(at::arange(kRows * kTokens * 3 * kChannels, at::kFloat) * 1.7)
      .view({kRows, kTokens, 3 * kChannels});
}

// The paper's formula head by head: softmax(Q K^T / sqrt(d), where it may look) V.
at::Tensor ByTheFormula(const at::Tensor& qkv, const at::Tensor& allowed) {
  const int64_t d = kChannels / kHeads;
  std::vector<at::Tensor> heads;
  for (int64_t head = 0; head < kHeads; ++head) {
    const auto part = [&](int64_t which) {
      return qkv.slice(2, which * kChannels + head * d, which * kChannels + (head + 1) * d);
    };
    at::Tensor scores = part(0).matmul(part(1).transpose(1, 2)) / std::sqrt(double(d));
    scores = scores.masked_fill(allowed == 0, -std::numeric_limits<float>::infinity());
    heads.push_back(at::softmax(scores, -1).matmul(part(2)));
  }
  return at::cat(heads, 2);
}

at::Tensor Mask() {  // the second row has two tokens of padding
  at::Tensor mask = at::ones({kRows, kTokens});
  mask.slice(1, 3).select(0, 1).zero_();
  return mask;
}

TEST(AttentionTest, EveryTokenAttendsToEveryToken) {
  const auto network = OneOpNetwork(Attention{kChannels, kHeads}, Inputs());
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {Qkv()}),
                           ByTheFormula(Qkv(), at::ones({kRows, kTokens, kTokens})), 1e-5, 1e-6));
}

TEST(AttentionTest, NobodyAttendsToPadding) {
  const auto network = OneOpNetwork(Attention{kChannels, kHeads}, Inputs());
  const at::Tensor allowed = Mask().unsqueeze(1).expand({kRows, kTokens, kTokens});
  const at::Tensor masked = RunOneOp(*network, {Qkv(), Mask()});
  EXPECT_TRUE(at::allclose(masked, ByTheFormula(Qkv(), allowed), 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(masked, RunOneOp(*network, {Qkv()}), 1e-3, 1e-3));
}

TEST(AttentionTest, CausalAttentionDoesNotLookAhead) {
  const auto network =
      OneOpNetwork(Attention{.channels = kChannels, .heads = kHeads, .causal = true}, Inputs());
  const at::Tensor past = at::ones({kTokens, kTokens}).tril();
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {Qkv()}),
                           ByTheFormula(Qkv(), past.expand({kRows, kTokens, kTokens})), 1e-5,
                           1e-6));
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {Qkv(), Mask()}),
                           ByTheFormula(Qkv(), past * Mask().unsqueeze(1)), 1e-5, 1e-6));
}

}  // namespace
}  // namespace graft::nn
