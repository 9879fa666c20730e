#include "core/tasks/classification/loss.h"

#include <cmath>

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

at::Tensor Labels(std::vector<int64_t> labels) { return at::tensor(labels, at::kLong); }

TEST(ClassificationLossTest, IsCrossEntropyWithoutOptions) {
  const at::Tensor logits = at::tensor({2.f, 0.f, 0.f, 0.f, 0.f, 0.f}).view({2, 3});
  const double first = -std::log(std::exp(2.0) / (std::exp(2.0) + 2));
  EXPECT_NEAR(ClassificationLoss{}(logits, Labels({0, 2})).item<double>(),
              (first + std::log(3.0)) / 2, 1e-6);
}

TEST(ClassificationLossTest, SmoothingMixesInTheUniformDistribution) {
  const at::Tensor logits = at::tensor({3.f, 1.f, -1.f}).view({1, 3});
  const double z = std::log(std::exp(3.0) + std::exp(1.0) + std::exp(-1.0));
  const double plain = z - 3;
  const double uniform = z - (3 + 1 - 1) / 3.0;
  const ClassificationLoss loss{0.1, {}};
  EXPECT_NEAR(loss(logits, Labels({0})).item<double>(), 0.9 * plain + 0.1 * uniform, 1e-6);
}

TEST(ClassificationLossTest, ClassWeightsWeighTheMean) {
  const at::Tensor logits = at::tensor({2.f, 0.f, 2.f, 0.f}).view({2, 2});
  const double right = std::log(1 + std::exp(-2.0));
  const double wrong = right + 2;
  const ClassificationLoss loss{0, at::tensor(std::vector<float>{1.f, 3.f})};
  EXPECT_NEAR(loss(logits, Labels({0, 1})).item<double>(), (right + 3 * wrong) / 4, 1e-6);
}

TEST(BalancedClassWeightsTest, AreScikitLearns) {
  const std::vector<int64_t> counts = {30, 15, 15, 0};
  EXPECT_THAT(BalancedClassWeights(counts),
              ElementsAre(FloatEq(0.5f), FloatEq(1.0f), FloatEq(1.0f), FloatEq(0.0f)));
}

TEST(CountTopKTest, CountsLabelsAmongTheLargest) {
  const at::Tensor logits = at::tensor({3.f, 2.f, 1.f, 1.f, 2.f, 3.f, 1.f, 3.f, 2.f}).view({3, 3});
  EXPECT_EQ(CountTopK(logits, Labels({0, 0, 2}), 1), 1);
  EXPECT_EQ(CountTopK(logits, Labels({0, 0, 2}), 2), 2);
  EXPECT_EQ(CountTopK(logits, Labels({0, 0, 2}), 5), 3);
}

}  // namespace
}  // namespace graft::tasks
