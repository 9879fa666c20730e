// What scripts/import_weights.py makes of published weights, against the programs they were
// published for. The folder is filled by the test ImportRealWeights.

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/backbones/weights_catalog.h"
#include "core/nn/network.h"
#include "tests/parity/golden.h"

namespace graft {
namespace {

class RealWeightsTest : public testing::TestWithParam<std::string> {};

TEST_P(RealWeightsTest, ComputeWhatTheirPublishersProgramComputes) {
  const auto weights =
      backbones::BackboneWeights::Load(std::filesystem::path(GRAFT_REAL_WEIGHTS) / GetParam());
  ASSERT_TRUE(weights.ok()) << weights.status();
  const auto network = (*weights)->MakeNetwork(nn::LoadMode::kBorrow);
  ASSERT_TRUE(network.ok()) << network.status();
  ExpectGolden(**network, ReadGoldens(GRAFT_REAL_GOLDENS)[GetParam()]);
}

INSTANTIATE_TEST_SUITE_P(All, RealWeightsTest, testing::Values("efficientnet_lite0", "vgg16-hed"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace graft
