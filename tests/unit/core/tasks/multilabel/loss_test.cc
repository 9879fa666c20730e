#include "core/tasks/multilabel/loss.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/training/convex/linear_fit.h"
#include "tests/unit/core/tasks/fit_features.h"
#include "tests/unit/core/tasks/task_goldens.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

TEST(SigmoidLossTest, IsTheMeanOfBinaryCrossEntropiesWithWeightedPositives) {
  const at::Tensor logits = at::tensor({2.f, 0.f}).view({1, 2});
  const at::Tensor targets = at::tensor({0, 1}, at::kByte).view({1, 2});
  const double wrong = std::log(1 + std::exp(2.0));
  EXPECT_NEAR(SigmoidLoss(2).Mean(logits, targets).item<double>(), (wrong + std::log(2.0)) / 2,
              1e-6);
  EXPECT_NEAR(SigmoidLoss(2, at::tensor({5.f, 3.f})).Mean(logits, targets).item<double>(),
              (wrong + 3 * std::log(2.0)) / 2, 1e-6);
}

TEST(SigmoidLossTest, TheConvexLossIsTheSumOverLabelsAndHasItsGradient) {
  const at::Tensor logits = at::tensor({1.f, -2.f, .5f, 0.f, 3.f, -1.f}).view({2, 3});
  const at::Tensor targets = at::tensor({1, 0, 1, 0, 0, 1}, at::kByte).view({2, 3});
  const SigmoidLoss loss(3, at::tensor({1.f, 2.f, 4.f}));
  const auto rows = loss.At(logits, targets);
  const at::Tensor x = logits.clone().set_requires_grad(true);
  const at::Tensor mean = loss.Mean(x, targets);
  mean.backward();
  EXPECT_NEAR(rows.loss.sum().item<double>() / (2 * loss.terms()), mean.item<double>(), 1e-6);
  EXPECT_TRUE(at::allclose(rows.residual / 6, x.grad(), 1e-5, 1e-6));
}

TEST(SigmoidLossTest, TheFitOfALinearHeadIsALogisticRegressionALabel) {
  at::set_num_threads(1);
  const at::Tensor features = FitFeatures(40);
  const at::Tensor labels = at::tensor(goldens::kLabels).view({40, 3}).to(at::kByte);
  const SigmoidLoss loss(3);
  training::LinearFitOptions options;
  options.l2 = 2.0;
  const auto fit = training::FitLinear({features, labels, &loss}, options);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_TRUE(at::allclose(fit->weight.to(at::kDouble),
                           at::tensor(goldens::kSigmoidWeight).view({3, 4}), 0, 5e-4))
      << fit->weight;
  EXPECT_TRUE(at::allclose(fit->bias.to(at::kDouble), at::tensor(goldens::kSigmoidBias), 0, 5e-4))
      << fit->bias;
}

TEST(SigmoidLossTest, RefusesTargetsThatAreNeitherYesNorNo) {
  const SigmoidLoss loss(2);
  EXPECT_TRUE(loss.CheckTargets(at::tensor({1, 0}, at::kByte).view({1, 2})).ok());
  EXPECT_FALSE(loss.CheckTargets(at::tensor({1, 2}, at::kByte).view({1, 2})).ok());
  EXPECT_FALSE(loss.CheckTargets(at::tensor({1, 0}, at::kByte)).ok());
}

TEST(BalancedPositiveWeightsTest, AreNegativesToPositivesWithinReason) {
  EXPECT_THAT(BalancedPositiveWeights({25, 50, 0, 100, 1}, 100),
              ElementsAre(FloatEq(3), FloatEq(1), FloatEq(1), FloatEq(1), FloatEq(99)));
  EXPECT_THAT(BalancedPositiveWeights({1}, 1'000), ElementsAre(FloatEq(100)));
}

}  // namespace
}  // namespace graft::tasks
