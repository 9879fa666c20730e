#include "tools/device_check/training_check.h"

#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft {
namespace {

using ::testing::SizeIs;

CheckOptions OnTheCpu(at::ScalarType reference, at::ScalarType subject) {
  at::set_num_threads(1);
  CheckOptions options;
  options.reference = {at::kCPU, reference};
  options.subject = {at::kCPU, subject};
  options.repeats = 1;
  return options;
}

// Whatever the trainer takes for granted to be float32 would throw or differ.
TEST(TrainingCheckTest, TrainsInFloat64AsInFloat32) {
  for (const TrainingCase& each : TrainingCases()) {
    const TrainingResult result = CheckTraining(each, OnTheCpu(at::kDouble, at::kFloat));
    EXPECT_TRUE(result.ok()) << each.name << ": " << result.status << ", losses "
                             << result.losses.relative << ", outputs " << result.outputs.relative
                             << ", resumed " << result.resumed.relative;
    // It learns: an output that nothing moves would agree too.
    if (result.epochs.size() > 1) {
      EXPECT_LT(result.epochs.back().subject_train, result.epochs.front().subject_train)
          << each.name;
    }
    EXPECT_GT(result.losses.relative, 0) << each.name << ": both sides computed in one type";
  }
}

TEST(TrainingCheckTest, AnInterruptedRunInFloat32IsTheVerySame) {
  const TrainingResult result =
      CheckTraining(TrainingCases().front(), OnTheCpu(at::kFloat, at::kFloat));
  ASSERT_TRUE(result.ok()) << result.status;
  EXPECT_THAT(result.epochs, SizeIs(5));
  EXPECT_EQ(result.losses.absolute, 0);
  EXPECT_EQ(result.outputs.absolute, 0);
  EXPECT_EQ(result.resumed.absolute, 0);
}

TEST(TrainingCheckTest, ATrainingThatGoesAnotherWayIsFound) {
  TrainingCase strict = TrainingCases().front();
  strict.loss_tolerance = 1e-12;
  EXPECT_FALSE(CheckTraining(strict, OnTheCpu(at::kDouble, at::kFloat)).ok());
}

}  // namespace
}  // namespace graft
