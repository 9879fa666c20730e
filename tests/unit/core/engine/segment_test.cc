#include "core/engine/segment.h"

#include <functional>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

using ::testing::HasSubstr;

nn::NetworkSpec Pictures() {
  nn::SpecBuilder builder("small", nn::Shape{3, 6, 8});
  builder.Append("conv", nn::Conv2d{3, 4, 3});
  builder.Append("norm", nn::BatchNorm2d{4});
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

model::InputSpec Pixels() {
  model::InputSpec pixels;
  pixels.height = 6;
  pixels.width = 8;
  return pixels;
}

TEST(Segment, CountsItsBytes) {
  const auto floats = MakeRandomSegment(Pictures(), 1);
  EXPECT_EQ(floats->input_bytes(0), 3 * 6 * 8 * sizeof(float));
  EXPECT_EQ(TensorBytes(floats->spec), (3 * 4 * 9 + 4 + 4 * 4) * sizeof(float));
  EXPECT_EQ(MakeRandomSegment(Pictures(), 1, Pixels())->input_bytes(0), 3u * 6 * 8);
}

TEST(Segment, IsValidatedTensorByTensor) {
  const auto good = MakeRandomSegment(Pictures(), 1, Pixels());
  EXPECT_TRUE(Validate(*good).ok()) << Validate(*good);
  const auto message = [&](const std::function<void(Segment&)>& change) {
    Segment changed = *good;
    change(changed);
    const absl::Status status = Validate(changed);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(message([](Segment& s) { s.tensors.pop_back(); }), HasSubstr("norm.running_var"));
  EXPECT_THAT(message([](Segment& s) { std::swap(s.tensors[0], s.tensors[1]); }),
              HasSubstr("conv.weight"));
  EXPECT_THAT(message([](Segment& s) { s.tensors[1].shape = {5}; }), HasSubstr("[5], not [4]"));
  EXPECT_THAT(message([](Segment& s) { s.tensors[1].data = nullptr; }), HasSubstr("conv.bias"));
  EXPECT_THAT(message([](Segment& s) { s.tensors.push_back(s.tensors[0]); }),
              HasSubstr("belong to no node"));
  EXPECT_THAT(message([](Segment& s) { s.pixels->width = 9; }), HasSubstr("[3, 6, 9]"));
  EXPECT_THAT(message([](Segment& s) {
                s.spec.stages = {{"a", 0, 1}, {"b", 1, 2}};
              }),
              HasSubstr("one stage"));
}

}  // namespace
}  // namespace graft::engine
