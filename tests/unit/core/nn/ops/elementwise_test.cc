#include "core/nn/ops/elementwise.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

TEST(ActivationTest, GeluIsTheExactOne) {
  const auto network =
      OneOpNetwork(Activation{ActivationKind::kGelu}, {{.name = "x", .shape = {9}}});
  const at::Tensor x = at::arange(9, at::kFloat).sub(4).unsqueeze(0);
  const at::Tensor expected = x * 0.5 * (1 + at::erf(x / std::sqrt(2.0)));
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {x}), expected, 1e-6, 1e-6));
}

TEST(AddTest, ABranchDropsOutAsAWholeAndOnlyInTraining) {
  constexpr int64_t kRows = 4'000;
  const auto network =
      OneOpNetwork(Add{.drop_path = 0.25},
                   {{.name = "branch", .shape = {2, 3}}, {.name = "shortcut", .shape = {2, 3}}});
  const at::Tensor branch = at::ones({kRows, 2, 3});
  const at::Tensor shortcut = at::full({kRows, 2, 3}, 10.0);
  network->SetTraining(false);
  EXPECT_TRUE(at::equal(RunOneOp(*network, {branch, shortcut}), branch + shortcut));

  network->SetTraining(true);
  const at::Tensor added = (RunOneOp(*network, {branch, shortcut}) - shortcut).flatten(1);
  EXPECT_TRUE(at::equal(added.amax(1), added.amin(1))) << "a row is kept or dropped as a whole";
  const at::Tensor kept = added.select(1, 0) != 0;
  EXPECT_TRUE(at::allclose(added.select(1, 0).masked_select(kept), at::full({1}, 1 / 0.75)));
  // Five standard deviations of a binomial.
  const double share = kept.to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 0.75, 5 * std::sqrt(0.75 * 0.25 / kRows));
}

}  // namespace
}  // namespace graft::nn
