#include "core/training/convex/linear_fit.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/classification/loss.h"
#include "core/training/convex/standardisation.h"

namespace graft::training {
namespace {

// 60 rows of 5 features in 3 classes (30, 15, 15), by formula, so that scikit-learn can be given
// the same.
struct Toy {
  at::Tensor features = at::empty({60, 5});
  at::Tensor labels = at::empty({60}, at::kLong);

  Toy() {
    at::set_num_threads(1);  // nothing here is large enough to share out
    for (int i = 0; i < 60; ++i) {
      const int label = i % 4 == 0 ? 0 : (i * 7 / 2) % 3;
      labels[i] = label;
      for (int j = 0; j < 5; ++j) {
        features[i][j] =
            std::sin(0.37 * i * (j + 1) + j) * (j + 1) + (label == j % 3 ? 0.8 : 0.0) + 3.0 * j;
      }
    }
  }
};

struct Golden {
  std::vector<float> weight;
  std::vector<float> bias;
  double objective;
};

// scikit-learn 1.9 on columns that are centred, divided by the root of their deviation and then by
// the root of their mean variance: LogisticRegression(C=0.5, tol=1e-12), coefficients folded back
// to raw features.
const Golden kPlain = {{0.72865784f, -0.10995517f, -0.18980888f, 0.05118657f, -0.02934971f,
                        -0.33248413f, 0.23306863f, -0.00664013f, -0.02631308f, 0.06689125f,
                        -0.39617371f, -0.12311347f, 0.19644902f, -0.02487348f, -0.03754155f},
                       {1.56536740f, -1.33220011f, -0.23316729f},
                       0.8306010889610255};
const Golden kBalanced = {{0.70901937f, -0.11051068f, -0.19214826f, 0.03810912f, -0.02318379f,
                           -0.30672069f, 0.23565619f, -0.00296724f, -0.02137384f, 0.06297211f,
                           -0.40229868f, -0.12514551f, 0.19511551f, -0.01673528f, -0.03978832f},
                          {1.20109993f, -1.15036510f, -0.05073483f},
                          0.8985357383566683};
// The same without the first division.
const Golden kPlainByOneScale = {
    {0.46179771f, -0.10392045f, -0.18377005f, 0.05058000f, -0.03132124f, -0.21060292f, 0.20329035f,
     -0.00011275f, -0.02861301f, 0.06816653f, -0.25119479f, -0.09936990f, 0.18388280f, -0.02196699f,
     -0.03684529f},
    {1.65913586f, -1.33512572f, -0.32401014f},
    0.8672067657794958};
const Golden kBalancedByOneScale = {
    {0.43627143f, -0.10582626f, -0.18408865f, 0.04413188f, -0.02562171f, -0.18764443f, 0.21121164f,
     -0.00022066f, -0.02596850f, 0.06379193f, -0.24862700f, -0.10538538f, 0.18430931f, -0.01816338f,
     -0.03817022f},
    {1.24387215f, -1.12471486f, -0.11915729f},
    0.9327790428505646};

void ExpectAgrees(const Golden& golden, FeatureScaling scaling, const at::Tensor& class_weights) {
  const Toy toy;
  const Standardisation standardisation = FitStandardisation(toy.features, scaling);
  const tasks::SoftmaxLoss loss(3, class_weights);
  LinearProblem problem{standardisation.Apply(toy.features), toy.labels, &loss};
  LinearFitOptions options;
  options.l2 = 2.0;
  const auto fit = FitLinear(problem, options);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_TRUE(fit->converged);
  EXPECT_NEAR(fit->objective, golden.objective, 1e-6);
  const LinearModel folded = standardisation.Fold(*fit);
  EXPECT_TRUE(at::allclose(folded.weight, at::tensor(golden.weight).view({3, 5}), 0, 5e-4))
      << folded.weight;
  EXPECT_TRUE(at::allclose(folded.bias, at::tensor(golden.bias), 0, 2e-3)) << folded.bias;
}

TEST(LinearFitTest, AgreesWithScikitLearn) {
  ExpectAgrees(kPlain, FeatureScaling::kByRoot, {});
  ExpectAgrees(kPlainByOneScale, FeatureScaling::kCommon, {});
}

TEST(LinearFitTest, AgreesWithScikitLearnsBalancedWeights) {
  const at::Tensor weights = at::tensor({60.f / 90, 60.f / 45, 60.f / 45});
  ExpectAgrees(kBalanced, FeatureScaling::kByRoot, weights);
  ExpectAgrees(kBalancedByOneScale, FeatureScaling::kCommon, weights);
}

TEST(LinearFitTest, FoldingGivesTheSameLogitsOnRawFeatures) {
  const Toy toy;
  const Standardisation standardisation = FitStandardisation(toy.features, FeatureScaling::kCommon);
  const at::Tensor z = standardisation.Apply(toy.features);
  const tasks::SoftmaxLoss loss(3);
  LinearProblem problem{z, toy.labels, &loss};
  const auto fit = FitLinear(problem, {});
  ASSERT_TRUE(fit.ok());
  const LinearModel folded = standardisation.Fold(*fit);
  EXPECT_TRUE(at::allclose(at::addmm(fit->bias, z, fit->weight.t()),
                           at::addmm(folded.bias, toy.features, folded.weight.t()), 1e-4, 1e-4));
}

TEST(LinearFitTest, AConstantFeatureDoesNoHarm) {
  const Toy toy;
  const at::Tensor features = at::cat({toy.features, at::full({60, 1}, 7.3f)}, 1);
  for (const FeatureScaling scaling : {FeatureScaling::kCommon, FeatureScaling::kByRoot}) {
    const Standardisation standardisation = FitStandardisation(features, scaling);
    const at::Tensor z = standardisation.Apply(features);
    EXPECT_TRUE(at::isfinite(z).all().item<bool>());
    EXPECT_LT(z.select(1, 5).abs().max().item<float>(), 1e-4f);
  }
}

// What the penalty weighs must not depend on the unit of the features, and columns must keep their
// weight against each other.
TEST(LinearFitTest, FeaturesAreCentredAndAllDividedByOneScale) {
  const Toy toy;
  const at::Tensor z =
      FitStandardisation(toy.features, FeatureScaling::kCommon).Apply(toy.features);
  EXPECT_LT(z.mean(0).abs().max().item<float>(), 1e-5f);
  EXPECT_NEAR(z.pow(2).mean().item<float>(), 1, 1e-5);
  const auto deviation = [](const at::Tensor& x) { return (x - x.mean(0)).pow(2).mean(0).sqrt(); };
  const at::Tensor ratio = deviation(z) / deviation(toy.features);
  EXPECT_NEAR(ratio.max().item<float>(), ratio.min().item<float>(), 1e-5);
  const at::Tensor in_thousandths = toy.features * 1000 + 7;
  EXPECT_TRUE(at::allclose(
      FitStandardisation(in_thousandths, FeatureScaling::kCommon).Apply(in_thousandths), z, 1e-4,
      1e-4));
}

TEST(LinearFitTest, FeaturesThatAreAllAlikeAreOnlyCentred) {
  const at::Tensor alike = at::full({4, 3}, 0.1f);
  for (const FeatureScaling scaling : {FeatureScaling::kCommon, FeatureScaling::kByRoot}) {
    const Standardisation standardisation = FitStandardisation(alike, scaling);
    EXPECT_EQ(standardisation.scale[0].item<float>(), 1);
    EXPECT_LT(standardisation.Apply(alike).abs().max().item<float>(), 1e-6f);
  }
}

TEST(LinearFitTest, TheSameProblemGivesTheSameBits) {
  const Toy toy;
  const tasks::SoftmaxLoss loss(3);
  LinearProblem problem{toy.features, toy.labels, &loss};
  const auto once = FitLinear(problem, {});
  const auto twice = FitLinear(problem, {});
  ASSERT_TRUE(once.ok() && twice.ok());
  EXPECT_TRUE(at::equal(once->weight, twice->weight));
}

TEST(LinearFitTest, RefusesInputThatDoesNotFit) {
  const Toy toy;
  const tasks::SoftmaxLoss one(1), two(2), three(3);
  EXPECT_FALSE(FitLinear({toy.features, toy.labels.slice(0, 1), &three}, {}).ok());
  EXPECT_FALSE(FitLinear({toy.features, toy.labels, &two}, {}).ok());
  EXPECT_FALSE(FitLinear({toy.features, toy.labels, &one}, {}).ok());
  EXPECT_EQ(FitLinear({toy.features * std::nan(""), toy.labels, &three}, {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace graft::training
