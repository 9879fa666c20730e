#include "core/training/framing_search.h"

#include <limits>
#include <memory>
#include <optional>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/classification/loss.h"
#include "core/training/convex/linear_head.h"

namespace graft::training {
namespace {

using ::testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(FramingSearch, TriesAllBeginningWithThePublishedOne) {
  EXPECT_THAT(FramingsToTry(model::Framing::kCentreCrop),
              ElementsAre(model::Framing::kCentreCrop, model::Framing::kSqueeze,
                          model::Framing::kLetterbox));
  EXPECT_THAT(FramingsToTry(model::Framing::kLetterbox),
              ElementsAre(model::Framing::kLetterbox, model::Framing::kCentreCrop,
                          model::Framing::kSqueeze));
}

TEST(FramingSearch, TheSmallestLossWinsAndTheFirstOfEquals) {
  const auto best = [](double centre, double squeeze, double letterbox) {
    return BestFraming({{model::Framing::kCentreCrop, centre},
                        {model::Framing::kSqueeze, squeeze},
                        {model::Framing::kLetterbox, letterbox}});
  };
  EXPECT_EQ(best(0.3, 0.2, 0.25), model::Framing::kSqueeze);
  EXPECT_EQ(best(0.3, 0.3, 0.3), model::Framing::kCentreCrop);
  EXPECT_EQ(best(kNaN, 0.5, 0.4), model::Framing::kLetterbox);
  EXPECT_EQ(best(0.5, kNaN, kNaN), model::Framing::kCentreCrop);
  EXPECT_EQ(best(kNaN, kNaN, kNaN), model::Framing::kCentreCrop) << "nothing could be judged";
}

TEST(FramingSearch, AnErrorEndsIt) {
  int asked = 0;
  const auto judged = JudgeFramings(FramingsToTry(model::Framing::kCentreCrop),
                                    [&](model::Framing) -> absl::StatusOr<double> {
                                      if (++asked == 2) return absl::CancelledError("no");
                                      return 1.0;
                                    });
  EXPECT_EQ(judged.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 2);
}

TEST(FramingSearch, SaysWhatWasChosenAmongWhich) {
  EXPECT_EQ(
      DescribeFramings({{model::Framing::kCentreCrop, 0.5}, {model::Framing::kSqueeze, 0.25}}),
      "squeeze, of centre_crop 0.5000, squeeze 0.2500");
}

// Features that tell the classes apart judge better than noise does, by either way of judging.
TEST(JudgeLinearHead, PrefersFeaturesThatTell) {
  at::set_num_threads(1);
  const at::Generator generator = at::detail::createCPUGenerator(1);
  const tasks::SoftmaxLoss loss(2);
  const auto judge = [&](float signal, bool by_validation, std::optional<double> l2) {
    LinearHeadProblem problem;
    const at::Tensor labels = at::arange(120) % 2;
    at::Tensor features = at::randn({120, 20}, generator);
    features.select(1, 0).add_(labels.to(at::kFloat), signal);
    problem.features = features.slice(0, 0, 60).contiguous();
    problem.targets = labels.slice(0, 0, 60);
    problem.plain_rows = 60;
    problem.strata = problem.targets;
    const int64_t held_out = by_validation ? 60 : 0;
    problem.validation_features = features.slice(0, 60, 60 + held_out).contiguous();
    problem.validation_targets = labels.slice(0, 60, 60 + held_out);
    problem.loss = &loss;
    problem.l2 = l2;
    problem.search = PlanPenaltySearch(60, 20, 2, held_out);
    return JudgeLinearHead(problem, {}).value();
  };
  for (const bool by_validation : {false, true}) {
    for (const std::optional<double> l2 : {std::optional<double>(), std::optional<double>(1.0)}) {
      EXPECT_LT(judge(5, by_validation, l2), judge(0, by_validation, l2) - 0.1);
    }
  }
}

}  // namespace
}  // namespace graft::training
