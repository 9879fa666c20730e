#ifndef GRAFT_TESTS_UNIT_CORE_SERVING_TRUNK_FIXTURE_H_
#define GRAFT_TESTS_UNIT_CORE_SERVING_TRUNK_FIXTURE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/base/status_macros.h"
#include "core/data/random.h"
#include "core/engine/quantized_layers.h"
#include "core/engine/segment_of_network.h"
#include "core/nn/network.h"
#include "core/nn/pixels.h"
#include "core/serving/trunk.h"
#include "tests/fakes/counting_engine.h"

namespace graft::serving {

// A backbone of three stages with a convolution each: "one", "two", "three". Its pieces count.
class TrunkTest : public ::testing::Test {
 protected:
  static constexpr TrunkExit kTop = {3, model::Pooling::kMean};
  static constexpr TrunkExit kTopMap = {3, model::Pooling::kNone};
  static constexpr TrunkExit kMiddle = {2, model::Pooling::kNone};
  static constexpr TrunkExit kLow = {1, model::Pooling::kNone};

  static nn::NetworkSpec Spec() {
    nn::SpecBuilder builder("three", {3, 8, 8});
    const auto stage = [&](const char* name, int in, int out, int stride) {
      builder.Append(
          name,
          nn::Conv2d{
              .in_channels = in, .out_channels = out, .kernel = 3, .stride = stride, .padding = 1});
      builder.Append("", nn::Activation{});
      builder.EndStage(name);
    };
    stage("one", 3, 4, 1);
    stage("two", 4, 6, 2);
    stage("three", 6, 5, 1);
    builder.EndFeatures();
    return builder.Take();
  }
  static model::InputSpec Input() {
    model::InputSpec input;
    input.height = input.width = 8;
    return input;
  }

  using Ranges = std::vector<model::ActivationRange>;
  using Place = std::unique_ptr<const Trunk::Place>;

  absl::StatusOr<std::shared_ptr<const LoadedSegment>> Make(const TrunkPiece& piece,
                                                            const Ranges& ranges) {
    GRAFT_RETURN_IF_ERROR(make_error_);
    if (while_making_ != nullptr) while_making_();
    GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec spec, SpecOf(piece, Spec(), Input()));
    std::optional<model::InputSpec> pixels;
    if (piece.reads < 0) pixels = Input();
    Ranges of_piece = engine::RangesIn(spec, ranges);
    GRAFT_ASSIGN_OR_RETURN(
        std::shared_ptr<const engine::Segment> segment,
        engine::SegmentOf(std::move(spec), {network_.get()}, pixels, network_, of_piece));
    const std::shared_ptr<const engine::EngineFactory> factory = counting_;
    return LoadSegment(std::move(segment), {factory}, {}, {});
  }
  // As a model joins that leaves at `exit` and has these ranges.
  template <typename F>
  auto Joins(const TrunkExit& exit, const Ranges& ranges, F&& join) {
    const nn::NetworkSpec way = SpecOf({-1, 0, exit.stages, exit.pooling}, Spec(), Input()).value();
    return join(Trunk::Joining{exit, &way, &ranges});
  }
  absl::StatusOr<Place> TryJoin(const TrunkExit& exit, const Ranges& ranges = {}) {
    return Joins(exit, ranges, [&](const Trunk::Joining& joining) {
      return Trunk::Join(trunk_, joining, [&](const TrunkPiece& piece, const Ranges& all) {
        return Make(piece, all);
      });
    });
  }
  Place Join(const TrunkExit& exit, const Ranges& ranges = {}) {
    absl::StatusOr<Place> place = TryJoin(exit, ranges);
    EXPECT_TRUE(place.ok()) << place.status();
    return place.ok() ? *std::move(place) : nullptr;
  }

  static std::vector<uint8_t> RandomPixels(uint64_t seed) {
    std::vector<uint8_t> pixels(3 * 8 * 8);
    data::Random random(seed);
    for (uint8_t& each : pixels) each = static_cast<uint8_t>(random.Below(256));
    return pixels;
  }
  // What the whole network gives there.
  std::vector<float> Reference(const std::vector<uint8_t>& pixels, const TrunkExit& exit) const {
    const at::NoGradGuard no_grad;
    const at::Tensor bytes =
        at::from_blob(const_cast<uint8_t*>(pixels.data()), {1, 8, 8, 3}, at::kByte);
    at::Tensor x = network_->Forward(nn::NormalizePixels(bytes, Input()), 0, exit.stages);
    if (exit.pooling == model::Pooling::kMean) x = x.mean({2, 3});
    x = x.contiguous();
    return {x.data_ptr<float>(), x.data_ptr<float>() + x.numel()};
  }
  static void ExpectNear(absl::Span<const float> got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
  }
  // One row that is wanted at these exits is right at all of them.
  void ExpectRight(uint64_t seed, const std::vector<TrunkExit>& exits) const {
    const std::vector<uint8_t> pixels = RandomPixels(seed);
    const auto features = trunk_->Run({{engine::Row{{pixels.data()}}, exits}});
    ASSERT_TRUE(features.ok()) << features.status();
    for (const TrunkExit& exit : exits) ExpectNear(features->of(0, exit), Reference(pixels, exit));
  }

  const std::shared_ptr<const nn::Network> network_ = *nn::Network::Create(Spec(), 7);
  std::shared_ptr<CountingEngineFactory> counting_ = std::make_shared<CountingEngineFactory>();
  absl::Status make_error_;
  std::function<void()> while_making_;
  std::shared_ptr<Trunk> trunk_ = std::make_shared<Trunk>("trunk");
};

}  // namespace graft::serving

#endif  // GRAFT_TESTS_UNIT_CORE_SERVING_TRUNK_FIXTURE_H_
