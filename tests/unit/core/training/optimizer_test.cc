#include "core/training/loop/optimizer.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/enum_words.h"

namespace graft::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A head and a backbone of a weight and a bias each, all ones, with gradients of `gradient`.
struct Parameters {
  explicit Parameters(float gradient = 0) {
    for (std::vector<TrainedTensor>* part : {&head, &backbone}) {
      const std::string prefix = part == &head ? "head" : "body";
      part->push_back({prefix + ".weight", at::ones({2, 2}), true, true});
      part->push_back({prefix + ".bias", at::ones({2}), true, false});
    }
    backbone.push_back({"body.running_mean", at::ones({2}), false, false});
    Gradients(gradient);
  }
  void Gradients(float value) {
    for (std::vector<TrainedTensor>* part : {&head, &backbone}) {
      for (TrainedTensor& each : *part) {
        if (!each.is_parameter) continue;
        each.tensor.set_requires_grad(true);
        each.tensor.mutable_grad() = at::full_like(each.tensor, value);
      }
    }
  }
  // The first value of each: head weight and bias, body weight and bias, the buffer.
  std::vector<float> Values() const {
    std::vector<float> values;
    for (const std::vector<TrainedTensor>* part : {&head, &backbone}) {
      for (const TrainedTensor& each : *part) {
        values.push_back(each.tensor.detach().flatten()[0].item<float>());
      }
    }
    return values;
  }

  std::vector<TrainedTensor> head, backbone;
};

OptimizerOptions Options(recipes::OptimizerKind kind, double weight_decay = 0,
                         double momentum = 0) {
  return {kind, weight_decay, momentum};
}

TEST(PhaseOptimizerTest, OnlyWeightsDecayEachPartAtItsRate) {
  for (recipes::OptimizerKind kind :
       {recipes::OptimizerKind::kSgd, recipes::OptimizerKind::kAdamW}) {
    Parameters parameters(0);
    PhaseOptimizer optimizer(Options(kind, 0.5), parameters.head, parameters.backbone);
    optimizer.SetLearningRates(0.25, 0.125);
    optimizer.Step();
    // Without a gradient both come to w -= rate * decay * w.
    EXPECT_THAT(parameters.Values(), ElementsAre(1 - 0.125f, 1, 1 - 0.0625f, 1, 1))
        << recipes::NameOf(kind);
  }
}

TEST(PhaseOptimizerTest, SgdHasMomentumAndIsNotNesterovs) {
  Parameters parameters(1);
  PhaseOptimizer optimizer(Options(recipes::OptimizerKind::kSgd, 0, 0.5), parameters.head,
                           parameters.backbone);
  optimizer.SetLearningRates(0.125, 0);
  optimizer.Step();  // v = 1
  EXPECT_THAT(parameters.Values(), ElementsAre(0.875f, 0.875f, 1, 1, 1));
  optimizer.Step();  // v = 0.5 * 1 + 1
  EXPECT_THAT(parameters.Values(), ElementsAre(0.6875f, 0.6875f, 1, 1, 1));
}

TEST(PhaseOptimizerTest, ClippingScalesAllGradientsToOneNorm) {
  Parameters parameters(2);
  PhaseOptimizer optimizer(Options(recipes::OptimizerKind::kSgd), parameters.head,
                           parameters.backbone);
  const double norm = 2 * std::sqrt(12.0);
  EXPECT_NEAR(optimizer.ClipGradients(0).value(), norm, 1e-5);
  EXPECT_NEAR(optimizer.ClipGradients(100).value(), norm, 1e-5);
  EXPECT_EQ(parameters.head[0].tensor.grad()[0][0].item<float>(), 2) << "below the bound";
  EXPECT_NEAR(optimizer.ClipGradients(1).value(), norm, 1e-5);
  EXPECT_NEAR(optimizer.ClipGradients(0).value(), 1, 1e-5);
  EXPECT_NEAR(parameters.backbone[1].tensor.grad()[1].item<float>(), 2 / norm, 1e-6);
}

TEST(PhaseOptimizerTest, AGradientThatIsNotFiniteIsNamed) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Parameters parameters(1);
    PhaseOptimizer optimizer(Options(recipes::OptimizerKind::kSgd), parameters.head,
                             parameters.backbone);
    parameters.backbone[1].tensor.mutable_grad()[1] = value;
    const auto norm = optimizer.ClipGradients(1);
    EXPECT_EQ(norm.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(norm.status().message(), HasSubstr("body.bias"));
  }
}

TEST(PhaseOptimizerTest, ARestoredOptimizerGoesOnAsTheOneItWasTakenFrom) {
  for (recipes::OptimizerKind kind :
       {recipes::OptimizerKind::kSgd, recipes::OptimizerKind::kAdamW}) {
    const OptimizerOptions options =
        Options(kind, 0.1, kind == recipes::OptimizerKind::kSgd ? 0.9 : 0);
    Parameters whole(0.5), rest;
    PhaseOptimizer first(options, whole.head, whole.backbone);
    EXPECT_THAT(first.State(), IsEmpty());
    first.SetLearningRates(0.1, 0.01);
    first.Step();

    for (size_t i = 0; i < rest.head.size(); ++i) {
      rest.head[i].tensor.set_data(whole.head[i].tensor.detach().clone());
      rest.backbone[i].tensor.set_data(whole.backbone[i].tensor.detach().clone());
    }
    PhaseOptimizer second(options, rest.head, rest.backbone);
    ASSERT_TRUE(second.Restore(first.State()).ok());
    second.SetLearningRates(0.1, 0.01);
    for (const float gradient : {-1.f, 0.25f}) {
      whole.Gradients(gradient);
      rest.Gradients(gradient);
      first.Step();
      second.Step();
    }
    EXPECT_EQ(rest.Values(), whole.Values()) << recipes::NameOf(kind);
    for (const auto& [name, tensor] : first.State()) {
      EXPECT_TRUE(at::equal(tensor, second.State().at(name))) << name;
    }
  }
}

// As a checkpoint gives it: float32 in the host's memory, wherever the network is.
TEST(PhaseOptimizerTest, ARestoredStateIsWhereItsParametersAre) {
  for (recipes::OptimizerKind kind :
       {recipes::OptimizerKind::kSgd, recipes::OptimizerKind::kAdamW}) {
    const OptimizerOptions options =
        Options(kind, 0.1, kind == recipes::OptimizerKind::kSgd ? 0.9 : 0);
    Parameters saved(0.5);
    PhaseOptimizer first(options, saved.head, saved.backbone);
    first.SetLearningRates(0.1, 0.01);
    first.Step();

    Parameters in_double;
    for (std::vector<TrainedTensor>* part : {&in_double.head, &in_double.backbone}) {
      for (TrainedTensor& each : *part) each.tensor = each.tensor.detach().to(at::kDouble);
    }
    in_double.Gradients(0.5);
    PhaseOptimizer second(options, in_double.head, in_double.backbone);
    ASSERT_TRUE(second.Restore(first.State()).ok());
    for (const auto& [name, tensor] : second.State()) {
      if (tensor.is_floating_point()) {
        EXPECT_EQ(tensor.scalar_type(), at::kDouble) << name;
      }
    }
    second.SetLearningRates(0.1, 0.01);
    second.Step();
  }
}

TEST(PhaseOptimizerTest, StateOfAnotherShapeOrWithoutATensorIsRefused) {
  Parameters parameters(1);
  PhaseOptimizer optimizer(Options(recipes::OptimizerKind::kAdamW), parameters.head,
                           parameters.backbone);
  optimizer.SetLearningRates(0.1, 0.1);
  optimizer.Step();
  auto state = optimizer.State();
  state["head.weight/exp_avg"] = at::zeros({3});
  EXPECT_EQ(optimizer.Restore(state).code(), absl::StatusCode::kInvalidArgument);
  state.erase("head.weight/exp_avg");
  EXPECT_THAT(optimizer.Restore(state).message(), HasSubstr("head.weight"));
}

}  // namespace
}  // namespace graft::training
