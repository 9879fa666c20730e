#include "core/recipes/cost.h"

#include <optional>

#include "gtest/gtest.h"

#include "core/tasks/classification/options.h"

namespace graft::recipes {
namespace {

// On frozen features, unless a test asks for more.
FineTuneConfig Classification() {
  return {.strategy = Strategy::kFeatureExtraction, .task = tasks::ClassificationOptions{}};
}

ResolvedFineTune Resolve(const FineTuneConfig& config) {
  absl::StatusOr<ResolvedFineTune> resolved = ResolveFineTune(config);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.ok() ? *resolved : ResolvedFineTune{};
}

TEST(CostTest, FeatureExtractionCostsOneForwardAnImage) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.forward_gflops = 0.8;
  network.head_parameters = 325;
  FineTuneConfig config = Classification();
  config.data.framing = FramingChoice::kCentreCrop;
  const CostEstimate cost = EstimateCost(Resolve(config), network, 80, 20, 10);
  EXPECT_EQ(cost.backbone_forwards, 110);
  EXPECT_EQ(cost.trainable_parameters, 325);
  EXPECT_EQ(cost.parameters, 1'100 + 325);
}

TEST(CostTest, ComparingFramingsCostsAForwardAnImageAndFraming) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.forward_gflops = 0.8;
  const auto forwards = [&](std::optional<FramingChoice> framing, int64_t training_images) {
    FineTuneConfig config = Classification();
    config.data.framing = framing;
    return EstimateCost(Resolve(config), network, training_images, 0, 0).backbone_forwards;
  };
  EXPECT_EQ(forwards(std::nullopt, 100), 300);
  EXPECT_EQ(forwards(std::nullopt, 2'501), 2'501) << "2,000.8 GFLOP a pass";
  EXPECT_EQ(forwards(FramingChoice::kAuto, 2'501), 7'503);
  EXPECT_EQ(forwards(FramingChoice::kSqueeze, 100), 100);
}

TEST(CostTest, WithoutATestPartTheReportIsOnValidation) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.head_parameters = 325;
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kFull;
  config.training.epochs = 3;
  config.training.head_epochs = 1;
  // The head's features, two epochs of both parts, the report.
  EXPECT_EQ(EstimateCost(Resolve(config), network, 80, 20, 0).backbone_forwards,
            100 + 2 * 100 + 20);
}

TEST(CostTest, FullCostsAForwardAnImageAndEpoch) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.head_parameters = 325;
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kFull;
  config.training.head_epochs = 0;
  config.training.epochs = 3;
  const CostEstimate cost = EstimateCost(Resolve(config), network, 80, 20, 10);
  EXPECT_EQ(cost.backbone_forwards, 3 * 100 + 10);
  EXPECT_EQ(cost.trainable_parameters, cost.parameters);
}

}  // namespace
}  // namespace graft::recipes
