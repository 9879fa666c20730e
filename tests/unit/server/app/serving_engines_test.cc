#include "server/app/serving_engines.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;

// Tests run without an accelerator.
TEST(ChooseServingEngines, TakesTheCpuWhereLibTorchSeesNoOther) {
  ServerConfig config;
  const auto chosen = ChooseServingEngines(config);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->device, "cpu");
  EXPECT_EQ(chosen->engines.size(), engine::AllEngines().size());
  config.serving_engine = "libtorch";
  EXPECT_EQ(ChooseServingEngines(config)->engines.size(), 1u);
}

TEST(ChooseServingEngines, NamesTheFlagOfADeviceThatIsNotThere) {
  ServerConfig config;
  config.serving_device = "cuda:1";
  EXPECT_THAT(ChooseServingEngines(config).status().message(),
              HasSubstr("--serving-device: LibTorch sees no device cuda:1"));
  config.serving_device = "auto";
  config.worker_device = "steam";
  EXPECT_THAT(ChooseServingEngines(config).status().message(), HasSubstr("--worker-device: "));
}

TEST(ChooseServingEngines, RefusesAPrecisionThatNoEngineComputesIn) {
  ServerConfig config;
  config.serving_precision = "bf16";
  EXPECT_TRUE(ChooseServingEngines(config).ok());
  config.serving_engine = "libtorch";
  EXPECT_THAT(ChooseServingEngines(config).status().message(),
              HasSubstr("--serving-precision: no engine of cpu computes in bf16 with LibTorch"));
}

}  // namespace
}  // namespace graft::server
