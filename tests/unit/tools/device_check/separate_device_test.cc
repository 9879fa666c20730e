// The product on a device that is apart from the CPU: neither its operations nor its trainer may
// take the one for the other.
#include "tests/fakes/separate_device.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/device_check/engine_check.h"
#include "tools/device_check/op_check.h"
#include "tools/device_check/training_check.h"

#include "core/nn/devices.h"

namespace graft {
namespace {

using ::testing::Contains;

class SeparateDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    options_.reference = {at::kCPU, at::kFloat};
    options_.subject = {SeparateDevice(), at::kFloat};
    options_.repeats = 1;
    options_.batch = 2;
  }
  CheckOptions options_;
};

TEST_F(SeparateDeviceTest, IsApartFromTheCpu) {
  const at::Tensor there = at::ones({2}, at::TensorOptions().device(SeparateDevice()));
  EXPECT_EQ(there.device(), SeparateDevice());
  EXPECT_THROW((void)(there + at::ones({2})), c10::Error);
  EXPECT_THROW((void)at::stack({there, at::ones({2})}), c10::Error);
  EXPECT_EQ((there + there).to(at::kCPU).sum().item<float>(), 4);
  EXPECT_DEATH((void)*static_cast<const volatile float*>(there.const_data_ptr<float>()), "");
}

TEST_F(SeparateDeviceTest, IsAmongTheDevicesThatLibTorchSees) {
  EXPECT_THAT(nn::VisibleDevices(), Contains(SeparateDevice()));
  const auto found = nn::FindDevice("separate");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, SeparateDevice());
  nn::Synchronise(*found);
}

TEST_F(SeparateDeviceTest, EveryOperationRunsThereForwardAndBack) {
  for (const OpCase& each : AllOpCases()) {
    const OpResult result = CheckOpCase(each, options_);
    EXPECT_TRUE(result.ok()) << each.name << ": " << result.status << ", forward "
                             << result.forward.relative << ", backward "
                             << result.backward.relative;
  }
}

TEST_F(SeparateDeviceTest, EveryTaskIsTrainedThereAndGoesOnFromACheckpoint) {
  for (const TrainingCase& each : TrainingCases()) {
    const TrainingResult result = CheckTraining(each, options_);
    EXPECT_TRUE(result.ok()) << each.name << ": " << result.status << ", losses "
                             << result.losses.relative << ", outputs " << result.outputs.relative
                             << ", resumed " << result.resumed.relative;
  }
}

TEST_F(SeparateDeviceTest, EnginesAnswerThereAsTheCpuDoes) {
  for (const TrainingCase& each : TrainingCases()) {
    const std::vector<EngineResult> results =
        CheckEngines({each.name, each.backbone, kImageSize, kImageSize}, options_);
    ASSERT_EQ(results.size(), 4u);  // two precisions, one row and a batch
    for (const EngineResult& result : results) {
      EXPECT_TRUE(result.ok()) << result.name << ", " << result.engine << ": " << result.status
                               << ", differs by " << result.difference.relative;
    }
  }
}

}  // namespace
}  // namespace graft
