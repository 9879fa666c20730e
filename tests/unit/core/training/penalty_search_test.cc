#include "core/training/convex/penalty_search.h"

#include <cmath>
#include <limits>
#include <memory>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/status_macros.h"
#include "core/tasks/classification/loss.h"

namespace graft::training {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(PenaltySearchTest, SmallProblemsAreSearchedThoroughly) {
  const PenaltySearch search = PlanPenaltySearch(1'000, 1'280, 10, 0);
  EXPECT_THAT(search.penalties, SizeIs(13));
  EXPECT_DOUBLE_EQ(search.penalties.front(), 1e4);
  EXPECT_DOUBLE_EQ(search.penalties.back(), 1e-2);
  EXPECT_EQ(search.folds, 5);
  EXPECT_THAT(search.scalings, ElementsAre(FeatureScaling::kCommon, FeatureScaling::kByRoot));
  EXPECT_EQ(search.fits(), 130);
}

TEST(PenaltySearchTest, LargeProblemsTakeFewerPenaltiesInFewerFolds) {
  const PenaltySearch decades = PlanPenaltySearch(10'000, 1'280, 100, 0);  // 1.3e9
  EXPECT_THAT(decades.penalties, SizeIs(7));
  EXPECT_THAT(decades.scalings, ElementsAre(FeatureScaling::kByRoot));
  EXPECT_EQ(decades.fits(), 21);
  EXPECT_EQ(PlanPenaltySearch(10'000, 1'280, 1'000, 0).fits(), 5);     // 1.3e10
  EXPECT_EQ(PlanPenaltySearch(1'000'000, 1'280, 1'000, 0).fits(), 4);  // 1.3e12
}

TEST(PenaltySearchTest, TheValidationPartJudgesWhereItIsLargeEnough) {
  EXPECT_EQ(PlanPenaltySearch(1'000, 10, 2, 50).folds, 0);
  EXPECT_EQ(PlanPenaltySearch(1'000, 10, 2, 49).folds, 5);
  EXPECT_EQ(PlanPenaltySearch(1'000, 10, 20, 100).folds, 0);
  EXPECT_EQ(PlanPenaltySearch(1'000, 10, 20, 99).folds, 5);
  // 5 a class would be 5,000.
  EXPECT_EQ(PlanPenaltySearch(10'000, 10, 1'000, 500).folds, 0);
  EXPECT_EQ(PlanPenaltySearch(10'000, 10, 1'000, 500).fits(), 26);
}

// Rows of noise in which one column tells the label, `signal` standard deviations apart; classes
// take turns.
struct Noise {
  std::unique_ptr<tasks::SoftmaxLoss> loss;
  LinearProblem problem;

  Noise(int64_t rows, int64_t classes, float signal)
      : loss(std::make_unique<tasks::SoftmaxLoss>(classes)) {
    at::set_num_threads(1);  // nothing here is large enough to share out
    const at::Generator generator = at::detail::createCPUGenerator(1);
    problem.features = at::randn({rows, 50}, generator);
    problem.targets = at::arange(rows) % classes;
    problem.loss = loss.get();
    problem.features.select(1, 0).add_(problem.targets.to(at::kFloat), signal);
  }

  absl::StatusOr<double> CrossValidate(const PenaltySearch& search,
                                       const PenaltySearchHooks& hooks = {}) const {
    GRAFT_ASSIGN_OR_RETURN(const ChosenPenalty chosen, Search(search, hooks));
    return chosen.l2;
  }
  absl::StatusOr<ChosenPenalty> Search(const PenaltySearch& search,
                                       const PenaltySearchHooks& hooks = {}) const {
    return ChooseL2ByCrossValidation(problem, problem.targets, search, hooks);
  }
};

PenaltySearch Thorough() { return PlanPenaltySearch(1, 1, 2, 0); }

TEST(PenaltySearchTest, AStrongPenaltyIsChosenWhereTheFeaturesAreNoiseAndAWeakOneWhereTheyTell) {
  const auto choose = [](float signal) {
    const Noise data(80, 2, signal);
    LinearProblem train = data.problem;
    train.features = data.problem.features.slice(0, 0, 40).contiguous();
    train.targets = data.problem.targets.slice(0, 0, 40);
    return ChooseL2(train, data.problem.features.slice(0, 40), data.problem.targets.slice(0, 40),
                    Thorough().penalties)
        .value()
        .l2;
  };
  EXPECT_GE(choose(0), 100.0);
  EXPECT_LT(choose(8), 10.0);
}

// What the search finds is what fits of its own, from scratch, on folds dealt by hand find.
TEST(PenaltySearchTest, CrossValidationChoosesThePenaltyWithTheSmallestLossOverItsFolds) {
  const Noise data(60, 2, 2);
  std::vector<double> sums;
  for (double l2 : Thorough().penalties) {
    double sum = 0;
    for (int64_t fold = 0; fold < 5; ++fold) {
      // Classes take turns, so row i is the (i / 2)th of its class.
      const at::Tensor fold_of = at::div(at::arange(60), 2, "floor") % 5;
      LinearProblem part = data.problem;
      const at::Tensor in = at::nonzero(fold_of != fold).squeeze(1);
      const at::Tensor out = at::nonzero(fold_of == fold).squeeze(1);
      part.features = data.problem.features.index_select(0, in);
      part.targets = data.problem.targets.index_select(0, in);
      LinearFitOptions options;
      options.l2 = l2;
      const auto fit = FitLinear(part, options);
      ASSERT_TRUE(fit.ok()) << fit.status();
      sum += at::cross_entropy_loss(
                 at::addmm(fit->bias, data.problem.features.index_select(0, out), fit->weight.t()),
                 data.problem.targets.index_select(0, out))
                 .item<double>();
    }
    sums.push_back(sum);
  }
  const auto best = std::min_element(sums.begin(), sums.end()) - sums.begin();
  ASSERT_GT(best, 0) << "the best is no end of the grid";
  ASSERT_LT(best, 12);
  const auto chosen = data.Search(Thorough());
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_DOUBLE_EQ(chosen->l2, Thorough().penalties[best]);
  EXPECT_NEAR(chosen->loss, sums[best] / 5, 1e-3) << "the mean over the rows";
}

TEST(PenaltySearchTest, OneImageAClassGivesTheDefault) {
  const Noise data(5, 5, 1);
  EXPECT_EQ(data.CrossValidate(Thorough()).value(), kDefaultL2);
  EXPECT_TRUE(std::isnan(data.Search(Thorough()).value().loss));
}

// Held out, the only row of its class would call for the strongest penalty there is.
TEST(PenaltySearchTest, TheOnlyRowOfAClassIsNeverHeldOut) {
  Noise data(41, 2, 8);
  const double without = data.CrossValidate(Thorough()).value();
  ASSERT_LT(without, 10.0);
  data.problem.targets[40] = 2;
  const tasks::SoftmaxLoss three(3);
  data.problem.loss = &three;
  EXPECT_LT(data.CrossValidate(Thorough()).value(), 10.0);
}

TEST(PenaltySearchTest, TellsOfEachFitAndStopsWhenAsked) {
  const Noise data(60, 3, 1);
  PenaltySearch search{{10.0, 1.0}, 3};
  int fitted = 0;
  PenaltySearchHooks hooks;
  hooks.fitted = [&] { ++fitted; };
  ASSERT_TRUE(data.CrossValidate(search, hooks).ok());
  EXPECT_EQ(fitted, search.fits());
  hooks.poll = [] { return absl::CancelledError("no"); };
  EXPECT_EQ(data.CrossValidate(search, hooks).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace graft::training
