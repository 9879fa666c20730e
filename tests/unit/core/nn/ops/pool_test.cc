#include "core/nn/ops/pool.h"

#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

// Two rows of four tokens of two channels; token t of row r is [10 r + t, -t].
at::Tensor Tokens() {
  const at::Tensor t = at::arange(4, at::kFloat).expand({2, 4});
  return at::stack({t + 10 * at::arange(2, at::kFloat).unsqueeze(1), -t}, 2);
}

// Row 0 is whole; row 1 has two tokens, padded at its end or at its beginning.
at::Tensor Mask(bool padded_in_front) {
  at::Tensor mask = at::ones({2, 4});
  mask[1].slice(0, padded_in_front ? 0 : 2, padded_in_front ? 2 : 4).zero_();
  return mask;
}

at::Tensor Pool(TokenPool pool, const std::vector<at::Tensor>& inputs) {
  const auto network = OneOpNetwork(pool, {{.name = "tokens", .shape = {4, 2}},
                                           {.name = "mask", .shape = {4}, .optional = true}});
  return RunOneOp(*network, inputs);
}

void ExpectRows(const at::Tensor& pooled, std::vector<float> values) {
  EXPECT_TRUE(at::equal(pooled, at::from_blob(values.data(), {2, 2}))) << pooled;
}

TEST(TokenPoolTest, TakesTheClassToken) {
  ExpectRows(Pool({TokenPoolKind::kFirst}, {Tokens()}), {0, 0, 10, 0});
}

TEST(TokenPoolTest, TakesTheMeanBehindTheClassToken) {
  ExpectRows(Pool({TokenPoolKind::kMean, 1}, {Tokens()}), {2, -2, 12, -2});
  ExpectRows(Pool({TokenPoolKind::kMean}, {Tokens()}), {1.5, -1.5, 11.5, -1.5});
}

TEST(TokenPoolTest, PaddingIsNotInTheMean) {
  ExpectRows(Pool({TokenPoolKind::kMean}, {Tokens(), Mask(false)}), {1.5, -1.5, 10.5, -0.5});
  ExpectRows(Pool({TokenPoolKind::kMean, 1}, {Tokens(), Mask(false)}), {2, -2, 11, -1});
}

TEST(TokenPoolTest, TheLastIsTheLastToken) {
  ExpectRows(Pool({TokenPoolKind::kLast}, {Tokens()}), {3, -3, 13, -3});
  ExpectRows(Pool({TokenPoolKind::kLast}, {Tokens(), Mask(false)}), {3, -3, 11, -1});
  ExpectRows(Pool({TokenPoolKind::kLast}, {Tokens(), Mask(true)}), {3, -3, 13, -3});
}

TEST(MaxPool2dTest, PaddingNeverWins) {
  const auto network = OneOpNetwork(MaxPool2d{.kernel = 3, .stride = 2, .padding = 1},
                                    {{.name = "map", .shape = {1, 4, 4}}});
  const at::Tensor x = -1 - at::arange(16, at::kFloat).view({1, 1, 4, 4});
  std::vector<float> expected = {-1, -2, -5, -6};
  EXPECT_TRUE(at::equal(RunOneOp(*network, {x}), at::from_blob(expected.data(), {1, 1, 2, 2})));
}

}  // namespace
}  // namespace graft::nn
