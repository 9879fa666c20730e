#include "core/tasks/regression/loss.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/training/convex/linear_fit.h"
#include "tests/unit/core/tasks/fit_features.h"
#include "tests/unit/core/tasks/task_goldens.h"

namespace graft::tasks {
namespace {

at::Tensor GoldenValues() { return at::tensor(goldens::kValues).view({40, 2}).to(at::kFloat); }

TEST(RegressionLossTest, IsHalfTheSquareAndLinearBeyondDelta) {
  const at::Tensor outputs = at::tensor({3.f, 0.5f}).view({1, 2});
  const at::Tensor targets = at::zeros({1, 2});
  EXPECT_NEAR(
      RegressionLoss(2, RegressionLossKind::kSquared, 1).Mean(outputs, targets).item<double>(),
      (4.5 + 0.125) / 2, 1e-6);
  EXPECT_NEAR(
      RegressionLoss(2, RegressionLossKind::kHuber, 2).Mean(outputs, targets).item<double>(),
      (2 * (3 - 1.0) + 0.125) / 2, 1e-6);
}

TEST(RegressionLossTest, TheConvexLossIsTheSumOverNumbersAndHasItsGradient) {
  const at::Tensor outputs = at::tensor({3.f, 0.5f, -2.f, 0.1f}).view({2, 2});
  const at::Tensor targets = at::tensor({0.f, 1.f, 0.f, 0.f}).view({2, 2});
  for (RegressionLossKind kind : {RegressionLossKind::kHuber, RegressionLossKind::kSquared}) {
    const RegressionLoss loss(2, kind, 0.7);
    const auto rows = loss.At(outputs, targets);
    const at::Tensor x = outputs.clone().set_requires_grad(true);
    const at::Tensor mean = loss.Mean(x, targets);
    mean.backward();
    EXPECT_NEAR(rows.loss.sum().item<double>() / 4, mean.item<double>(), 1e-6);
    EXPECT_TRUE(at::allclose(rows.residual / 4, x.grad(), 1e-5, 1e-6));
  }
}

TEST(RegressionLossTest, TheFitWithSquaredErrorsIsARidgeRegression) {
  at::set_num_threads(1);
  const RegressionLoss loss(2, RegressionLossKind::kSquared, 1);
  training::LinearFitOptions options;
  options.l2 = 2.0;
  const auto fit = training::FitLinear({FitFeatures(40), GoldenValues(), &loss}, options);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_TRUE(at::allclose(fit->weight.to(at::kDouble),
                           at::tensor(goldens::kRidgeWeight).view({2, 4}), 0, 5e-4))
      << fit->weight;
  EXPECT_TRUE(at::allclose(fit->bias.to(at::kDouble), at::tensor(goldens::kRidgeBias), 0, 5e-4))
      << fit->bias;
}

TEST(RegressionLossTest, TheFitWithHuberIsTheMinimumOfItsFormula) {
  at::set_num_threads(1);
  const RegressionLoss loss(1, RegressionLossKind::kHuber, 0.7);
  training::LinearFitOptions options;
  options.l2 = 2.0;
  const auto fit = training::FitLinear(
      {FitFeatures(40), GoldenValues().slice(1, 0, 1).contiguous(), &loss}, options);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_TRUE(at::allclose(fit->weight.to(at::kDouble),
                           at::tensor(goldens::kHuberWeight).view({1, 4}), 0, 5e-4))
      << fit->weight;
  EXPECT_TRUE(at::allclose(fit->bias.to(at::kDouble), at::tensor(goldens::kHuberBias), 0, 5e-4))
      << fit->bias;
}

TEST(RegressionLossTest, RefusesTargetsThatAreNoNumbers) {
  const RegressionLoss loss(1, RegressionLossKind::kHuber, 1);
  EXPECT_TRUE(loss.CheckTargets(at::zeros({2, 1})).ok());
  EXPECT_FALSE(loss.CheckTargets(at::zeros({2, 2})).ok());
  EXPECT_FALSE(loss.CheckTargets(at::full({1, 1}, std::nan(""))).ok());
}

}  // namespace
}  // namespace graft::tasks
