// On the separate device of the tests: what reads its memory from the host, or takes it for the
// host's, throws or faults. What only a GPU has, streams and graphs, is injected or not shown here.
#include "core/engine/device/device_engine.h"

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/engine/device/lane.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/engine_list.h"
#include "core/nn/device_names.h"
#include "tests/fakes/separate_device.h"
#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Replays by doing again what was done when it was recorded.
class FakeRecorder final : public PassRecorder {
 public:
  explicit FakeRecorder(int* replays) : replays_(replays) {}
  std::unique_ptr<RecordedPass> Record(const std::function<void()>& pass) override {
    pass();
    return std::make_unique<Again>(pass, replays_);
  }

 private:
  class Again final : public RecordedPass {
   public:
    Again(std::function<void()> pass, int* replays) : pass_(std::move(pass)), replays_(replays) {}
    void Replay() override {
      ++*replays_;
      pass_();
    }

   private:
    const std::function<void()> pass_;
    int* const replays_;
  };
  int* const replays_;
};

std::shared_ptr<const Segment> Pictures() {
  model::InputSpec pixels;
  pixels.height = pixels.width = 12;
  nn::SpecBuilder builder("small", {3, 12, 12});
  builder.Append("conv1", nn::Conv2d{3, 8, 3, 2, nn::Padding::kSame, 0, 1, false});
  builder.Append("norm1", nn::BatchNorm2d{8});
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu6});
  builder.Append("conv2", nn::Conv2d{8, 8, 3, 1, nn::Padding::kExplicit, 1, 8});
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("", nn::Flatten{});
  builder.Append("linear", nn::Linear{8, 5});
  builder.EndStage("all");
  builder.EndFeatures();
  return MakeRandomSegment(builder.Take(), 3, pixels);
}

class DeviceEngineTest : public ::testing::Test {
 protected:
  std::unique_ptr<Engine> Make(DeviceEngineFactory::Options options, const EngineOptions& how) {
    options.device = SeparateDevice();
    auto engine = DeviceEngineFactory(std::move(options)).Make(segment_, how);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  const std::shared_ptr<const Segment> segment_ = Pictures();
  const RandomRows rows_ = MakeRandomRows(*segment_, 11, 5);
  const std::unique_ptr<Engine> reference_ = *EagerEngineFactory().Make(segment_, {});
};

TEST(RecordedSizes, ArePowersOfTwoAndTheMost) {
  EXPECT_THAT(RecordedSizes(1), ElementsAre(1));
  EXPECT_THAT(RecordedSizes(8), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(RecordedSizes(12), ElementsAre(1, 2, 4, 8, 12));
}

TEST_F(DeviceEngineTest, ComputesWhatTheCpuDoes) {
  const auto engine = Make({}, {.max_rows = 4});
  EXPECT_EQ(engine->name(), "libtorch-separate");
  EXPECT_EQ(engine->rows_at_once(), 4);
  for (const size_t count : {1, 3, 4, 11}) {
    ExpectSameAnswers(*reference_, *engine, rows_, count, 1e-5f);
  }
  // Tensors of the device, and pixels and results twice.
  EXPECT_GE(engine->bytes(), TensorBytes(segment_->spec) / 2 + 2 * 4 * (12 * 12 * 3 + 5 * 4));
}

// Brain floats have 8 bits of a fraction.
TEST_F(DeviceEngineTest, ComputesInFewerBits) {
  const auto engine = Make({.precision = Precision::kBf16}, {.max_rows = 4});
  EXPECT_EQ(engine->precision(), Precision::kBf16);
  ExpectSameAnswers(*reference_, *engine, rows_, 11, 3e-2f);
  std::vector<float> exact(5);
  std::vector<float> rounded(5);
  ASSERT_TRUE(reference_->Run(rows_.rows(1), exact.data()).ok());
  ASSERT_TRUE(engine->Run(rows_.rows(1), rounded.data()).ok());
  EXPECT_NE(exact, rounded);
}

// Fewer rows than were recorded ride with rows that nobody asked for, and get their own answers.
TEST_F(DeviceEngineTest, ReplaysTheNextLargerPass) {
  int replays = 0;
  const auto engine =
      Make({.recorder = [&] { return std::make_unique<FakeRecorder>(&replays); }}, {.max_rows = 4});
  EXPECT_EQ(engine->name(), "libtorch-separate-graphs");
  for (const size_t count : {4, 1, 3, 2, 11}) {
    ExpectSameAnswers(*reference_, *engine, rows_, count, 1e-5f);
  }
  EXPECT_EQ(replays, 1 + 1 + 1 + 1 + 3);
}

TEST_F(DeviceEngineTest, WhatCannotBeRecordedIsLeftToTheNextEngine) {
  class Unable final : public PassRecorder {
   public:
    std::unique_ptr<RecordedPass> Record(const std::function<void()>&) override {
      throw std::runtime_error("an operation reads its result");
    }
  };
  const DeviceEngineFactory graphs(
      {.device = SeparateDevice(), .recorder = [] { return std::make_unique<Unable>(); }});
  const DeviceEngineFactory plain({.device = SeparateDevice()});
  const auto chosen = ChooseEngine({&graphs, &plain}, segment_, {});
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->engine->name(), "libtorch-separate");
  ASSERT_EQ(chosen->declined.size(), 1u);
  EXPECT_THAT(chosen->declined[0].why, HasSubstr("an operation reads its result"));
}

TEST_F(DeviceEngineTest, PassesSideBySideGetTheirOwnAnswers) {
  const auto engine = Make({}, {.max_rows = 2, .passes = 2});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const RandomRows mine = MakeRandomRows(*segment_, 5, 50u + static_cast<unsigned>(i));
      for (int again = 0; again < 10; ++again) {
        ExpectSameAnswers(*reference_, *engine, mine, 5, 1e-5f);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(DeviceEngineTest, DeclinesWhatIsSoonComputedOnTheHost) {
  const DeviceEngineFactory factory({.device = SeparateDevice(), .min_flops = 1'000'000'000});
  const auto engine = factory.Make(segment_, {});
  EXPECT_TRUE(absl::IsUnimplemented(engine.status())) << engine.status();
}

TEST(EnginesOn, GoesFromFewerBitsToMoreAndEndsOnTheCpu) {
  SeparateDevice();
  const auto names = [](const EngineFactories& engines) {
    std::vector<std::string> all;
    for (const auto& each : engines) {
      all.push_back(std::string(each->name()) + " " +
                    std::string(model::PrecisionName(each->precision())));
    }
    return all;
  };
  EXPECT_THAT(names(*EnginesOn("separate:0")),
              ElementsAre("libtorch-separate bf16", "libtorch-separate f32", "openvino f32",
                          "libtorch f32"));
  EXPECT_THAT(names(*EnginesOn("separate", /*only_libtorch=*/true)),
              ElementsAre("libtorch-separate bf16", "libtorch-separate f32", "libtorch f32"));
  EXPECT_EQ(names(*EnginesOn("cpu")), names(AllEngines()));
  EXPECT_THAT(names(*EnginesOn("cpu", /*only_libtorch=*/true)), ElementsAre("libtorch f32"));
  EXPECT_TRUE(absl::IsFailedPrecondition(EnginesOn("cuda:9").status()));
}

TEST(ResolveDevice, TakesTheAcceleratorThatIsThere) {
  SeparateDevice();
  EXPECT_EQ(nn::ResolveDevice("auto").value(), "separate:0");
  EXPECT_EQ(nn::ResolveDevice("cpu").value(), "cpu");
  EXPECT_EQ(nn::ResolveDevice("separate").value(), "separate:0");
  EXPECT_TRUE(absl::IsFailedPrecondition(nn::ResolveDevice("cuda").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(nn::ResolveDevice("toaster").status()));
  EXPECT_EQ(nn::DeviceKind("cuda:1"), "cuda");
  EXPECT_EQ(nn::DeviceKind("cpu"), "cpu");
}

}  // namespace
}  // namespace graft::engine
