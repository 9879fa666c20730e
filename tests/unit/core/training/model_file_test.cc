#include "core/training/report/model_file.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/core/training/toy.h"

namespace graft::training {
namespace {

using ::testing::HasSubstr;

TEST(ModelFileTest, ATensorThatIsNotFiniteIsNamedAndNothingPublished) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    const ToyNetwork network(3);
    EXPECT_TRUE(SerializeModel(network, 1, {}, nullptr).ok());
    const at::NoGradGuard no_grad;
    at::Tensor(network.tensors(2)[1].tensor)[4] = value;
    const auto model = SerializeModel(network, 1, {}, nullptr);
    EXPECT_EQ(model.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(model.status().message(), HasSubstr("stage2.conv.bias"));
    EXPECT_TRUE(SerializeModel(network, 3, {}, nullptr).ok()) << "is not published";
  }
}

}  // namespace
}  // namespace graft::training
