#include "core/training/convex/class_means.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "gtest/gtest.h"

namespace graft::training {
namespace {

// Rows around a corner each, 1 apart along an axis of their own, under noise of this deviation.
ClassMeansProblem Corners(int64_t per_class, double deviation, int64_t classes = 3) {
  at::Generator generator = at::detail::createCPUGenerator(5);
  const at::Tensor index = at::arange(classes).repeat({per_class});
  at::Tensor features = at::randn({per_class * classes, 6}, generator) * deviation;
  for (int64_t i = 0; i < index.size(0); ++i) features[i][i % classes] += 1;
  return {features, index, index.size(0), classes};
}

double Accuracy(const LinearModel& model, const at::Tensor& features, const at::Tensor& truth) {
  return model.Outputs(features).argmax(1).eq(truth).to(at::kDouble).mean().item<double>();
}

TEST(ClassMeansTest, AnswersWithTheClassWhoseMeanIsNearest) {
  const ClassMeansProblem problem = Corners(20, 0.3);
  const auto model = FitClassMeans(problem);
  ASSERT_TRUE(model.ok()) << model.status();
  at::Tensor means = at::zeros({3, 6});
  for (int64_t c = 0; c < 3; ++c) {
    means[c] = problem.features.index({problem.classes == c}).mean(0);
  }
  const at::Tensor nearest = at::cdist(problem.features, means).argmin(1);
  EXPECT_EQ(Accuracy(*model, problem.features, nearest), 1);
}

// Under Gaussian noise the best scale is the inverse of its variance.
TEST(ClassMeansTest, IsAsSureAsTheNoiseLetsItBe) {
  for (const double deviation : {0.3, 0.6}) {
    const auto model = FitClassMeans(Corners(2'000, deviation));
    ASSERT_TRUE(model.ok()) << model.status();
    const double scale = model->weight[0][0].item<double>();  // of a mean whose element is 1
    EXPECT_NEAR(scale * deviation * deviation, 1, 0.1) << deviation;
  }
}

// In many dimensions each row draws its own mean to itself: what it says of itself is no measure.
TEST(ClassMeansTest, DoesNotTakeItsOwnRowsForProof) {
  at::Generator generator = at::detail::createCPUGenerator(9);
  ClassMeansProblem noise;
  noise.features = at::randn({12, 400}, generator);
  noise.classes = at::arange(2).repeat({6});
  noise.plain_rows = 12;
  noise.outputs = 2;
  const auto model = FitClassMeans(noise);
  ASSERT_TRUE(model.ok()) << model.status();
  const at::Tensor sure = at::softmax(model->Outputs(noise.features), 1).amax(1);
  EXPECT_EQ(Accuracy(*model, noise.features, noise.classes), 1) << "it knows its rows by heart";
  EXPECT_LT(sure.max().item<double>(), 0.7);
}

TEST(ClassMeansTest, ViewsMoveTheMeansButDoNotJudge) {
  ClassMeansProblem problem = Corners(10, 0.3);
  const auto plain = FitClassMeans(problem);
  problem.features = at::cat({problem.features, problem.features + 0.5});
  problem.classes = at::cat({problem.classes, problem.classes});
  const auto viewed = FitClassMeans(problem);
  ASSERT_TRUE(plain.ok() && viewed.ok());
  const double scale =
      plain->weight.sum(1)[0].item<double>() / problem.features.slice(0, 0, 30)
                                                   .index({problem.classes.slice(0, 0, 30) == 0})
                                                   .mean(0)
                                                   .sum()
                                                   .item<double>();
  EXPECT_TRUE(at::allclose(viewed->weight, plain->weight + 0.25 * scale, 1e-4, 1e-5));
}

TEST(ClassMeansTest, OneRowAClassAndClassesWithoutAnyAreStillAnswered) {
  ClassMeansProblem problem = Corners(1, 0.1);
  problem.outputs = 4;
  const auto model = FitClassMeans(problem);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(Accuracy(*model, problem.features, problem.classes), 1);
  EXPECT_TRUE(at::isfinite(model->Outputs(problem.features)).all().item<bool>());
  // All rows alike: nothing to tell by, and no number that is not one.
  problem.features = at::ones({3, 6});
  const auto alike = FitClassMeans(problem);
  ASSERT_TRUE(alike.ok()) << alike.status();
  const at::Tensor outputs = alike->Outputs(problem.features);
  EXPECT_TRUE(at::isfinite(outputs).all().item<bool>());
  EXPECT_EQ(outputs[0][0].item<float>(), outputs[0][2].item<float>());
}

TEST(ClassMeansTest, WhatDoesNotFitIsRefused) {
  ClassMeansProblem problem = Corners(4, 0.1);
  problem.outputs = 2;
  EXPECT_EQ(FitClassMeans(problem).status().code(), absl::StatusCode::kInvalidArgument);
  problem.outputs = 3;
  problem.features[1][2] = NAN;
  EXPECT_EQ(FitClassMeans(problem).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace graft::training
