#include "core/engine/engine.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/engine/batch_planner.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/compiled_segment.h"
#include "core/engine/openvino/openvino_engine.h"
#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

class FixedFactory final : public EngineFactory {
 public:
  FixedFactory(std::string name, absl::Status answer)
      : name_(std::move(name)), answer_(std::move(answer)) {}
  absl::string_view name() const override { return name_; }
  uint64_t MostBytes(uint64_t, const EngineOptions&) const override { return 0; }
  absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment>,
                                               const EngineOptions&) const override {
    return answer_;
  }

 private:
  const std::string name_;
  const absl::Status answer_;
};

nn::NetworkSpec Small(nn::Shape picture) {
  nn::SpecBuilder builder("small", picture);
  builder.Append("conv1", nn::Conv2d{3, 8, 3, 2, nn::Padding::kSame});
  builder.Append("norm1", nn::BatchNorm2d{8});
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu6});
  builder.Append("conv2", nn::Conv2d{8, 8, 3, 1, nn::Padding::kExplicit, 1, 8});
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("", nn::Flatten{});
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

TEST(ChooseEngine, TakesTheFirstThatDoesAndSaysWhyOthersDidNot) {
  const auto segment = MakeRandomSegment(Small({3, 9, 9}), 1);
  const FixedFactory picky("picky", absl::UnimplementedError("it is Monday"));
  const FixedFactory broken("broken", absl::InternalError("out of order"));
  const EagerEngineFactory eager;
  const auto chosen = ChooseEngine({&picky, &broken, &eager}, segment, {});
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->engine->name(), "libtorch");
  EXPECT_THAT(chosen->declined, ElementsAre(Field(&Declined::why, "it is Monday"),
                                            Field(&Declined::why, "out of order")));
  EXPECT_EQ(chosen->declined[1].engine, "broken");

  EXPECT_EQ(ChooseEngine({&broken, &picky}, segment, {}).status().message(), "it is Monday");
  EXPECT_FALSE(ChooseEngine({}, segment, {}).ok());
}

// Pixels come as bytes and are normalised by the engine, whatever the input's mean, deviation and
// shape.
TEST(Engines, NormalisePixelsAlike) {
  model::InputSpec square;
  square.height = square.width = 12;
  model::InputSpec wide = square;
  wide.width = 20;
  wide.value_range = 255;
  wide.mean = {103.9f, 116.8f, 123.7f};
  wide.std = {1, 1, 1};
  for (const model::InputSpec& pixels : {square, wide}) {
    const auto segment = MakeRandomSegment(Small({3, pixels.height, pixels.width}), 3, pixels);
    const RandomRows rows = MakeRandomRows(*segment, 7, 5);
    const auto eager = EagerEngineFactory().Make(segment, {.max_rows = 3});
    const auto lowered = OpenVinoEngineFactory().Make(segment, {.threads = 2});
    ASSERT_TRUE(eager.ok() && lowered.ok()) << eager.status() << lowered.status();
    ExpectSameAnswers(**eager, **lowered, rows, 1, 1e-5f);
    ExpectSameAnswers(**eager, **lowered, rows, 7, 1e-5f);
  }
}

// However rows are divided into passes, each gets its own answer.
TEST(CompiledSegment, DividesRowsIntoPasses) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 12;
  const auto segment = MakeRandomSegment(Small({3, 12, 12}), 3, pixels);
  const RandomRows rows = MakeRandomRows(*segment, 11, 5);
  const auto eager = EagerEngineFactory().Make(segment, {});
  ASSERT_TRUE(eager.ok());
  std::vector<float> expected(11 * 8);
  ASSERT_TRUE((*eager)->Run(rows.rows(11), expected.data()).ok());
  for (const CompileOptions& options :
       {CompileOptions{1, 1, 2}, CompileOptions{1, 2, 2}, CompileOptions{4, 1, 2},
        CompileOptions{4, 2, 2}, CompileOptions{16, 1, 1}}) {
    const auto compiled = CompiledSegment::Compile(segment, options);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    for (const size_t count : {1, 2, 5, 11}) {
      std::vector<float> answers(count * 8);
      ASSERT_TRUE((*compiled)->Run(rows.rows(count), answers.data()).ok());
      for (size_t i = 0; i < answers.size(); ++i) EXPECT_NEAR(answers[i], expected[i], 1e-4) << i;
    }
  }
}

// A clock on which whoever comes second is always faster: for each round the planner looks at it
// before both, between, and after.
class SecondIsFaster final : public Clock {
 public:
  absl::Time Now() override { return absl::UnixEpoch(); }
  absl::Duration Monotonic() override {
    now_ += absl::Milliseconds(looks_ % 3 == 2 ? 10 : 1);
    ++looks_;
    return now_;
  }
  bool AwaitUntil(absl::Mutex&, const std::function<bool()>&, absl::Duration) override {
    return false;
  }

 private:
  int looks_ = 0;
  absl::Duration now_;
};

// By whatever plan rows go, each gets its own answer, those too that are left over.
TEST(Engines, BatchesGoByThePlanThatWasFoundFastest) {
  const TempDirectory folder = *TempDirectory::Create();
  SecondIsFaster clock;
  BatchPlanner planner(folder.path() / "plans.txt", "here", &clock);
  const auto segment = MakeRandomSegment(Small({3, 12, 12}), 3);
  const RandomRows rows = MakeRandomRows(*segment, 13, 5);
  const auto eager = EagerEngineFactory().Make(segment, {});
  const auto lowered =
      OpenVinoEngineFactory().Make(segment, {.threads = 2, .max_rows = 6, .planner = &planner});
  ASSERT_TRUE(eager.ok() && lowered.ok()) << eager.status() << lowered.status();
  EXPECT_EQ((*lowered)->rows_at_once(), 6) << "three a thread, and not one";
  for (const int count : {1, 2, 5, 6, 13})
    ExpectSameAnswers(**eager, **lowered, rows, count, 1e-4f);
}

// Where the processor has it: close to float32, and something else. Elsewhere it says why not.
TEST(Engines, ComputeInBfloat16WhereItIsThere) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 24;
  const auto segment = MakeRandomSegment(Small({3, 24, 24}), 3, pixels);
  const OpenVinoEngineFactory factory(0, Precision::kBf16);
  const auto made = factory.Make(segment, {.threads = 2});
  const absl::Status available = CompiledSegment::Available(Precision::kBf16);
  EXPECT_EQ(made.status(), available);
  if (!available.ok()) {
    EXPECT_EQ(available.code(), absl::StatusCode::kUnimplemented);
    GTEST_SKIP() << available;
  }
  EXPECT_EQ((*made)->precision(), Precision::kBf16);
  const auto exact = OpenVinoEngineFactory().Make(segment, {.threads = 2});
  ASSERT_TRUE(exact.ok()) << exact.status();
  EXPECT_EQ((*exact)->precision(), Precision::kF32);
  const RandomRows rows = MakeRandomRows(*segment, 4, 5);
  ExpectSameAnswers(**exact, **made, rows, 4, 0.03f);
  std::vector<float> in_f32(4 * 8);
  std::vector<float> in_bf16(4 * 8);
  ASSERT_TRUE((*exact)->Run(rows.rows(4), in_f32.data()).ok());
  ASSERT_TRUE((*made)->Run(rows.rows(4), in_bf16.data()).ok());
  EXPECT_NE(in_f32, in_bf16);
}

TEST(CompiledSegment, IsSharedByThreads) {
  const auto segment = MakeRandomSegment(Small({3, 12, 12}), 3);
  const auto compiled = CompiledSegment::Compile(segment, {1, 2, 2});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const RandomRows rows = MakeRandomRows(*segment, 6, 5);
  std::vector<float> expected(6 * 8);
  ASSERT_TRUE((*compiled)->Run(rows.rows(6), expected.data()).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        std::vector<float> answers(6 * 8);
        EXPECT_TRUE((*compiled)->Run(rows.rows(6), answers.data()).ok());
        EXPECT_EQ(answers, expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CompiledSegment, RefusesWhatIsNotWhole) {
  Segment broken = *MakeRandomSegment(Small({3, 12, 12}), 3);
  broken.tensors.pop_back();
  EXPECT_EQ(CompiledSegment::Compile(std::make_shared<const Segment>(broken), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::engine
