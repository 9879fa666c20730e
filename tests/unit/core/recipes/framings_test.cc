#include "core/recipes/framings.h"

#include "gtest/gtest.h"

namespace graft::recipes {
namespace {

FineTuneConfig SolvedBy(OptimizerKind optimizer) {
  FineTuneConfig config;
  config.training.optimizer = optimizer;
  return config;
}

TEST(ComparesFramings, WhereNothingIsAskedForAndAPassIsCheap) {
  const FineTuneConfig config = SolvedBy(OptimizerKind::kLbfgs);
  EXPECT_TRUE(ComparesFramings(config, 200, 0.8));
  EXPECT_TRUE(ComparesFramings(config, 200, 10)) << "2,000 GFLOP";
  EXPECT_FALSE(ComparesFramings(config, 201, 10));
  EXPECT_FALSE(ComparesFramings(SolvedBy(OptimizerKind::kAdamW), 200, 0.8))
      << "there is no fit to judge them by";
}

TEST(ComparesFramings, AsAskedWhateverItCosts) {
  FineTuneConfig config = SolvedBy(OptimizerKind::kLbfgs);
  config.data.framing = FramingChoice::kAuto;
  EXPECT_TRUE(ComparesFramings(config, 1'000'000, 100));
  for (const FramingChoice framing :
       {FramingChoice::kCentreCrop, FramingChoice::kSqueeze, FramingChoice::kLetterbox}) {
    config.data.framing = framing;
    EXPECT_FALSE(ComparesFramings(config, 10, 0.1));
  }
}

}  // namespace
}  // namespace graft::recipes
