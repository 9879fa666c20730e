#include "core/tasks/regression/decoder.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/multilabel/decoder.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOutputs[] =
    R"({"numbers":[{"name":"age","mean":40,"deviation":12},{"name":"grade","mean":-3,"deviation":0.5}]})";

TEST(RegressionDecoderTest, AnswersInTheUnitsOfTheDataset) {
  const auto decoder = MakeRegressionDecoder(kOutputs);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ((*decoder)->outputs(), 2);
  const auto output = (*decoder)->Decode({0.5f, -2.f}, nullptr, {});
  ASSERT_TRUE(output.ok()) << output.status();
  const auto& numbers = static_cast<const RegressionOutput&>(**output).numbers();
  ASSERT_EQ(numbers.size(), 2u);
  EXPECT_EQ(numbers[0].name, "age");
  EXPECT_DOUBLE_EQ(numbers[0].value, 46);
  EXPECT_DOUBLE_EQ(numbers[1].value, -4);
}

TEST(RegressionDecoderTest, RefusesOptionsOfAnotherTaskAndRowsThatDoNotFit) {
  const auto decoder = MakeRegressionDecoder(kOutputs);
  ASSERT_TRUE(decoder.ok());
  const MultilabelDecodeOptions other({.all_labels = true});
  EXPECT_EQ((*decoder)->CheckOptions(&other).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*decoder)->Decode({1}, nullptr, {}).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(
      (*decoder)->Decode({1, std::numeric_limits<float>::infinity()}, nullptr, {}).status().code(),
      absl::StatusCode::kInternal);
}

TEST(RegressionDecoderTest, AnswersAreTheSameWithinATwentiethOfADeviation) {
  const auto decoder = MakeRegressionDecoder(kOutputs).value();
  EXPECT_TRUE(decoder->SameAnswer({0.5f, -2.f}, {0.545f, -2.045f}));
  EXPECT_FALSE(decoder->SameAnswer({0.5f, -2.f}, {0.5f, -2.06f}));
  EXPECT_FALSE(decoder->SameAnswer({0.5f, -2.f}, {0.56f, -2.f}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(decoder->SameAnswer({0.5f, nan}, {0.5f, nan}));
}

TEST(RegressionDecoderTest, EachNumberIsCountedInTheUnitsOfTheDataset) {
  const auto decoder = MakeRegressionDecoder(kOutputs).value();
  ASSERT_EQ(decoder->answer_parts().size(), 2u);
  EXPECT_EQ(decoder->answer_parts()[1].name, "grade");
  EXPECT_TRUE(decoder->answer_parts()[1].kinds.empty());
  EXPECT_THAT(decoder->ReadParts({0.5f, -2.f}), ElementsAre(46, -4));
}

TEST(RegressionDecoderTest, ARangeHoldsWhatTheCoverageTakes) {
  const auto decoder =
      MakeRegressionDecoder(R"({"numbers":[{"name":"age","mean":40,"deviation":12,)"
                            R"("conformal":{"examples":4,"scores":[0.25,0.5,1,2]}}]})")
          .value();
  const auto range = [&](double coverage) {
    const RegressionDecodeOptions options(coverage);
    EXPECT_TRUE(decoder->CheckOptions(&options).ok());
    const auto output = decoder->Decode({0.5f}, &options, {}).value();
    return static_cast<const RegressionOutput&>(*output).numbers().at(0).range.value();
  };
  // ceil(5 * 0.6) = 3: an error of one deviation, around 46.
  EXPECT_DOUBLE_EQ(range(0.6).first, 34);
  EXPECT_DOUBLE_EQ(range(0.6).second, 58);
  EXPECT_EQ(range(0.9).second, std::numeric_limits<double>::infinity()) << "four are too few";
  const auto plain = decoder->Decode({0.5f}, nullptr, {}).value();
  EXPECT_FALSE(static_cast<const RegressionOutput&>(*plain).numbers().at(0).range.has_value());
  const RegressionDecodeOptions all(1);
  EXPECT_THAT(decoder->CheckOptions(&all).message(), HasSubstr("above 0 and below 1"));
  const RegressionDecodeOptions covered(0.9);
  EXPECT_THAT(MakeRegressionDecoder(kOutputs).value()->CheckOptions(&covered).message(),
              HasSubstr("with nothing held out"));
}

TEST(RegressionDecoderTest, OutputsThatMakeNoSenseAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "numbers"},
      {R"({"numbers":[]})", "no numbers"},
      {R"({"numbers":[{"name":"a","mean":0,"deviation":0}]})", "above 0"},
      {R"({"numbers":[{"name":"a","mean":0}]})", "deviation"},
      {R"({"numbers":[{"name":"a","mean":0,"deviation":1},{"name":"a","mean":0,"deviation":1}]})",
       "comes twice"},
  };
  for (const auto& [json, message] : cases) {
    const auto status = MakeRegressionDecoder(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(status.message(), HasSubstr(message)) << json;
  }
}

}  // namespace
}  // namespace graft::tasks
