#include "core/tasks/multilabel/decoder.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/regression/decoder.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOutputs[] = R"({"labels":["beach","boat","sun"],"thresholds":[0.5,0.9,0.1]})";

std::vector<GivenLabel> Decode(const std::vector<float>& row, bool all_labels) {
  const auto decoder = MakeMultilabelDecoder(kOutputs);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  const MultilabelDecodeOptions options({.all_labels = all_labels});
  const auto output = (*decoder)->Decode(row, &options, {});
  EXPECT_TRUE(output.ok()) << output.status();
  EXPECT_EQ((*output)->task(), "multilabel");
  return static_cast<const MultilabelOutput&>(**output).labels();
}

TEST(MultilabelDecoderTest, GivesTheLabelsAtOrAboveTheirThresholds) {
  // 0.5, 0.88, 0.12
  const auto labels = Decode({0, 2, -2}, false);
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels[0].label, "beach") << "0.5 is its threshold";
  EXPECT_EQ(labels[1].label, "sun");
  EXPECT_NEAR(labels[1].probability, 0.1192029, 1e-6);
  EXPECT_EQ(labels[1].index, 2);
}

TEST(MultilabelDecoderTest, AllLabelsComeWithWhetherTheyAreGiven) {
  const auto labels = Decode({0, 2, -2}, true);
  ASSERT_EQ(labels.size(), 3u);
  EXPECT_EQ(labels[0].label, "boat");
  EXPECT_FALSE(labels[0].given);
  EXPECT_TRUE(labels[1].given);
  EXPECT_TRUE(Decode({-9, -9, -9}, false).empty());
}

TEST(MultilabelDecoderTest, RefusesOptionsOfAnotherTaskAndRowsThatDoNotFit) {
  const auto decoder = MakeMultilabelDecoder(kOutputs);
  ASSERT_TRUE(decoder.ok());
  EXPECT_TRUE((*decoder)->CheckOptions(nullptr).ok());
  const RegressionDecodeOptions other;
  EXPECT_EQ((*decoder)->CheckOptions(&other).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*decoder)->Decode({0, 1}, nullptr, {}).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ((*decoder)
                ->Decode({0, 1, std::numeric_limits<float>::quiet_NaN()}, nullptr, {})
                .status()
                .code(),
            absl::StatusCode::kInternal);
}

TEST(MultilabelDecoderTest, AnswersAreTheSameWhereAllTheirLabelsAre) {
  const auto decoder = MakeMultilabelDecoder(kOutputs).value();
  std::vector<float> row(static_cast<size_t>(decoder->outputs()), 9.f);
  std::vector<float> other = row;
  other.back() = 8.f;
  EXPECT_TRUE(decoder->SameAnswer(row, other));
  other.back() = -8.f;
  EXPECT_FALSE(decoder->SameAnswer(row, other));
  row.back() = other.back() = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(decoder->SameAnswer(row, other));
}

TEST(MultilabelDecoderTest, OfEachLabelItIsCountedWhetherItIsGiven) {
  const auto decoder = MakeMultilabelDecoder(kOutputs).value();
  ASSERT_EQ(decoder->answer_parts().size(), 3u);
  EXPECT_EQ(decoder->answer_parts()[0].name, decoder->OutputName(0));
  EXPECT_THAT(decoder->answer_parts()[0].kinds, ElementsAre("not given", "given"));
  EXPECT_THAT(decoder->ReadParts({-9, 9, -9}), ElementsAre(0, 1, 0));
  EXPECT_THAT(decoder->ReadParts({9, -9, 9}), ElementsAre(1, 0, 1));
}

TEST(MultilabelDecoderTest, OutputsThatMakeNoSenseAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "labels"},
      {R"({"labels":[],"thresholds":[]})", "no labels"},
      {R"({"labels":["a","a"],"thresholds":[0.5,0.5]})", "comes twice"},
      {R"({"labels":["a"],"thresholds":[]})", "0 thresholds for 1 labels"},
      {R"({"labels":["a"],"thresholds":[1.0]})", "below 1"},
      {R"({"labels":["a"],"thresholds":[0]})", "above 0"},
      {R"({"labels":["a"],"thresholds":[null]})", "number"},
  };
  for (const auto& [json, message] : cases) {
    const auto status = MakeMultilabelDecoder(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(status.message(), HasSubstr(message)) << json;
  }
}

}  // namespace
}  // namespace graft::tasks
