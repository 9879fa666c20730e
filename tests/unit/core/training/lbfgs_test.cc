#include "core/training/convex/lbfgs.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace graft::training {
namespace {

TEST(LbfgsTest, SolvesAnIllConditionedQuadratic) {
  const LbfgsObjective objective = [](const std::vector<double>& x, std::vector<double>& gradient) {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double scale = std::pow(10.0, static_cast<double>(i));
      const double away = x[i] - static_cast<double>(i + 1);
      value += 0.5 * scale * away * away;
      gradient[i] = scale * away;
    }
    return value;
  };
  std::vector<double> x(5, 0.0);
  LbfgsOptions options;
  options.gradient_tolerance = 1e-8;
  const auto result = MinimiseLbfgs(x, objective, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->converged);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], static_cast<double>(i + 1), 1e-6);
}

TEST(LbfgsTest, FindsRosenbrocksMinimum) {
  const LbfgsObjective objective = [](const std::vector<double>& x, std::vector<double>& gradient) {
    const double a = 1 - x[0];
    const double b = x[1] - x[0] * x[0];
    gradient[0] = -2 * a - 400 * x[0] * b;
    gradient[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  std::vector<double> x = {-1.2, 1.0};
  LbfgsOptions options;
  options.gradient_tolerance = 1e-8;
  options.relative_tolerance = 0;
  const auto result = MinimiseLbfgs(x, objective, options);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(x[0], 1.0, 1e-6);
  EXPECT_NEAR(x[1], 1.0, 1e-6);
  EXPECT_LT(result->iterations, 60);
}

TEST(LbfgsTest, EveryIterationLessensTheObjectiveAndTheCallbackMayStopIt) {
  const LbfgsObjective objective = [](const std::vector<double>& x, std::vector<double>& gradient) {
    gradient[0] = std::sinh(x[0] - 3);
    return std::cosh(x[0] - 3);
  };
  std::vector<double> x = {-4.0};
  double last = std::numeric_limits<double>::infinity();
  int calls = 0;
  const auto result =
      MinimiseLbfgs(x, objective, {}, [&](int iteration, const std::vector<double>&, double value) {
        EXPECT_EQ(iteration, ++calls);
        EXPECT_LT(value, last);
        last = value;
        return calls == 2 ? absl::CancelledError("enough") : absl::OkStatus();
      });
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls, 2);
}

TEST(LbfgsTest, AnInfiniteStartIsAnError) {
  std::vector<double> x = {0.0};
  const auto result = MinimiseLbfgs(
      x, [](const std::vector<double>&, std::vector<double>&) { return std::nan(""); }, {});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace graft::training
