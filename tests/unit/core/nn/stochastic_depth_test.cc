#include "core/nn/stochastic_depth.h"

#include <cmath>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "core/backbones/catalog.h"

namespace graft::nn {
namespace {

std::vector<double> Rates(const NetworkSpec& spec) {
  std::vector<double> rates;
  for (const Node& node : spec.nodes) {
    if (const auto* add = std::get_if<Add>(&node.op)) rates.push_back(add->drop_path);
  }
  return rates;
}

TEST(StochasticDepthTest, GrowsLinearlyToTheRate) {
  const NetworkSpec spec =
      WithStochasticDepth(backbones::BuildArchitecture("resnet18").value(), 0.2).value();
  const std::vector<double> rates = Rates(spec);
  ASSERT_EQ(rates.size(), 8u);
  for (size_t i = 0; i < rates.size(); ++i) {
    EXPECT_DOUBLE_EQ(rates[i], 0.2 * static_cast<double>(i + 1) / 8);
  }
  EXPECT_TRUE(Validate(spec).ok());
}

TEST(StochasticDepthTest, ARateThatIsNoneIsRefused) {
  for (const double rate : {-0.1, 1.0, std::nan("")}) {
    EXPECT_FALSE(WithStochasticDepth(backbones::BuildArchitecture("resnet18").value(), rate).ok());
  }
}

}  // namespace
}  // namespace graft::nn
