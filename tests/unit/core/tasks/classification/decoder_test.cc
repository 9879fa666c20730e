#include "core/tasks/classification/decoder.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class OtherOptions final : public DecodeOptions {
 public:
  absl::string_view task() const override { return "other"; }
};

std::unique_ptr<const Decoder> Pets(std::optional<double> temperature = std::nullopt) {
  return MakeClassificationDecoder({.labels = {"cat", "dog", "owl"}, .temperature = temperature});
}

std::vector<LabelScore> Decode(const Decoder& decoder, const std::vector<float>& row, int top_k) {
  const ClassificationDecodeOptions options({.top_k = top_k});
  const std::unique_ptr<TaskOutput> output = decoder.Decode(row, &options, {}).value();
  EXPECT_EQ(output->task(), kClassificationTask);
  return static_cast<const ClassificationOutput&>(*output).scores();
}

TEST(ClassificationDecoder, GivesTheMostProbableClassesFirst) {
  const auto scores = Decode(*Pets(), {1, 3, 2}, 2);
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].label, "dog");
  EXPECT_EQ(scores[0].index, 1);
  EXPECT_EQ(scores[1].label, "owl");
  EXPECT_EQ(scores[1].index, 2);
  const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(3.0);
  EXPECT_NEAR(scores[0].probability, std::exp(3.0) / sum, 1e-6);
  EXPECT_NEAR(scores[1].probability, std::exp(2.0) / sum, 1e-6);
}

TEST(ClassificationDecoder, DividesByTheTemperatureFirst) {
  const auto scores = Decode(*Pets(2.5), {1, 3, 2}, 1);
  const double sum = std::exp(0.4) + std::exp(0.8) + std::exp(1.2);
  EXPECT_NEAR(scores[0].probability, std::exp(1.2) / sum, 1e-6);
}

TEST(ClassificationDecoder, MoreThanThereAreGivesAllAndNothingAskedGivesFive) {
  const auto all = Decode(*Pets(), {1, 3, 2}, 1000);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_NEAR(all[0].probability + all[1].probability + all[2].probability, 1, 1e-6);
  const auto seven = MakeClassificationDecoder({.labels = {"a", "b", "c", "d", "e", "f", "g"}});
  const auto output = seven->Decode({1, 2, 3, 4, 5, 6, 7}, nullptr, {}).value();
  EXPECT_EQ(static_cast<const ClassificationOutput&>(*output).scores().size(), 5u);
}

TEST(ClassificationDecoder, EqualOnesComeInTheOrderOfTheClasses) {
  const auto scores = Decode(*Pets(), {2, 2, 2}, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scores[i].index, i);
    EXPECT_NEAR(scores[i].probability, 1.0 / 3, 1e-6);
  }
}

TEST(ClassificationDecoder, LargeLogitsAndSmallTemperaturesDoNotOverflow) {
  const float most = std::numeric_limits<float>::max();
  for (const double temperature : {1e-300, 1.0, 1e300}) {
    for (const LabelScore& score : Decode(*Pets(temperature), {most, -most, 0}, 3)) {
      EXPECT_TRUE(score.probability >= 0 && score.probability <= 1) << score.probability;
    }
  }
  EXPECT_EQ(Decode(*Pets(), {most, -most, 0}, 1)[0].probability, 1);
}

TEST(ClassificationDecoder, RowsThatNoNetworkShouldGiveAreErrors) {
  const auto pets = Pets();
  EXPECT_TRUE(absl::IsInternal(pets->Decode({1, 2}, nullptr, {}).status()));
  EXPECT_TRUE(absl::IsInternal(pets->Decode({1, 2, 3, 4}, nullptr, {}).status()));
  for (const float bad : {kInfinity, -kInfinity, std::nanf("")}) {
    EXPECT_TRUE(absl::IsInternal(pets->Decode({1, bad, 2}, nullptr, {}).status())) << bad;
  }
}

TEST(ClassificationDecoder, AnswersAreTheSameWhereTheMostProbableClassIs) {
  const auto decoder = MakeClassificationDecoder({{"a", "b", "c"}, std::nullopt});
  EXPECT_TRUE(decoder->SameAnswer({1, 2, 0}, {5, 9, 8}));
  EXPECT_FALSE(decoder->SameAnswer({1, 2, 0}, {2, 1, 0}));
  // Of equal ones the lower index, as in the answer.
  EXPECT_TRUE(decoder->SameAnswer({2, 2, 0}, {3, 2, 0}));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(decoder->SameAnswer({infinity, 0, 0}, {infinity, 0, 0}));
}

TEST(ClassificationDecoder, TheMostProbableClassIsCounted) {
  const auto pets = Pets();
  ASSERT_EQ(pets->answer_parts().size(), 1u);
  EXPECT_EQ(pets->answer_parts()[0].name, "");
  EXPECT_THAT(pets->answer_parts()[0].kinds, ElementsAre("cat", "dog", "owl"));
  EXPECT_THAT(pets->ReadParts({1, 3, 2}), ElementsAre(1));
  EXPECT_THAT(pets->ReadParts({2, 2, 0}), ElementsAre(0)) << "of equal ones the first";
}

TEST(ClassificationDecoder, OptionsAreChecked) {
  const auto pets = Pets();
  EXPECT_EQ(pets->outputs(), 3);
  EXPECT_TRUE(pets->CheckOptions(nullptr).ok());
  const ClassificationDecodeOptions one({.top_k = 1}), none({.top_k = 0}), negative({.top_k = -1});
  EXPECT_TRUE(pets->CheckOptions(&one).ok());
  for (const auto* options : {&none, &negative}) {
    const absl::Status status = pets->CheckOptions(options);
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(std::string(status.message()), HasSubstr("top_k must be at least 1"));
  }
  const OtherOptions other;
  EXPECT_TRUE(absl::IsInvalidArgument(pets->CheckOptions(&other)));
}

TEST(Decoders, MakesThoseOfItsListAndNamesThemForOthers) {
  const Decoders decoders({ClassificationDecoderFactory()});
  const auto made = decoders.Make("classification", R"({"labels":["cat","dog"]})");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->outputs(), 2);
  EXPECT_TRUE(absl::IsInvalidArgument(decoders.Make("classification", "{}").status()));
  const absl::Status other = decoders.Make("regression", "{}").status();
  EXPECT_TRUE(absl::IsUnimplemented(other));
  EXPECT_THAT(std::string(other.message()), HasSubstr("only classification"));
  EXPECT_TRUE(absl::IsUnimplemented(Decoders({}).Make("classification", "{}").status()));
}

// Of three labels, with thresholds and with scores that were held out.
class Careful : public ::testing::Test {
 protected:
  ClassificationOutput Answer(const std::vector<float>& probabilities,
                              const ClassificationDecodeOptions::Values& values,
                              InputContext context = {}) const {
    std::vector<float> row;
    for (const float p : probabilities) row.push_back(std::log(p));
    const ClassificationDecodeOptions options(values);
    const absl::Status checked = decoder_->CheckOptions(&options);
    EXPECT_TRUE(checked.ok()) << checked;
    const auto output = decoder_->Decode(row, &options, context).value();
    return static_cast<const ClassificationOutput&>(*output);
  }
  absl::Status Check(const ClassificationDecodeOptions::Values& values) const {
    const ClassificationDecodeOptions options(values);
    return decoder_->CheckOptions(&options);
  }

  const std::unique_ptr<const Decoder> decoder_ =
      MakeClassificationDecoder({.labels = {"cat", "dog", "owl"},
                                 .thresholds = {0.5, 0.8, 0},
                                 .conformal = evaluation::KeepScores(
                                     {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.75f, 0.8f})});
};

TEST_F(Careful, AbstainsBelowTheThresholdOfItsAnswer) {
  EXPECT_EQ(Answer({0.6f, 0.3f, 0.1f}, {}).answer(), "cat");
  EXPECT_EQ(Answer({0.3f, 0.6f, 0.1f}, {}).answer(), "");
  EXPECT_EQ(Answer({0.3f, 0.6f, 0.1f}, {}).abstention(), Abstention::kBelowThreshold);
  EXPECT_EQ(Answer({0.3f, 0.6f, 0.1f}, {}).scores().front().label, "dog") << "is told all the same";
  EXPECT_EQ(Answer({0.3f, 0.3f, 0.4f}, {}).answer(), "owl");
}

TEST_F(Careful, ARequestsOwnThresholdsGoFirst) {
  EXPECT_EQ(Answer({0.3f, 0.6f, 0.1f}, {.threshold = 0.55}).answer(), "dog");
  EXPECT_EQ(Answer({0.3f, 0.3f, 0.4f}, {.threshold = 0.55}).answer(), "");
  EXPECT_EQ(Answer({0.3f, 0.6f, 0.1f}, {.thresholds = {{"dog", 0.2}}, .threshold = 0.9}).answer(),
            "dog");
  EXPECT_EQ(Answer({0.6f, 0.3f, 0.1f}, {.thresholds = {{"dog", 0.2}}}).answer(), "cat");
}

TEST_F(Careful, AbstainsOfTheUnknownWhereItIsAskedTo) {
  const InputContext unknown{.unknown = true};
  EXPECT_EQ(Answer({0.9f, 0.05f, 0.05f}, {}, unknown).answer(), "cat");
  const auto output = Answer({0.9f, 0.05f, 0.05f}, {.abstain_if_unknown = true}, unknown);
  EXPECT_EQ(output.answer(), "");
  EXPECT_EQ(output.abstention(), Abstention::kUnknown);
  EXPECT_EQ(Answer({0.9f, 0.05f, 0.05f}, {.abstain_if_unknown = true}).answer(), "cat");
}

TEST_F(Careful, ThePredictionSetHoldsWhatTheCoverageTakes) {
  using ::testing::ElementsAre;
  // ceil(10 * 0.5) = 5: scores up to 0.5, probabilities from 0.5.
  EXPECT_THAT(Answer({0.3f, 0.6f, 0.1f}, {.coverage = 0.5}).prediction_set(), ElementsAre("dog"));
  // 0.7: from 0.3.
  EXPECT_THAT(Answer({0.31f, 0.59f, 0.1f}, {.top_k = 1, .coverage = 0.7}).prediction_set(),
              ElementsAre("dog", "cat"));
  EXPECT_EQ(Answer({0.31f, 0.59f, 0.1f}, {.top_k = 1, .coverage = 0.7}).scores().size(), 1u);
  EXPECT_THAT(Answer({0.4f, 0.3f, 0.3f}, {.coverage = 0.5}).prediction_set(), ElementsAre("cat"))
      << "never empty";
  EXPECT_THAT(Answer({0.98f, 0.01f, 0.01f}, {.coverage = 0.95}).prediction_set(),
              ElementsAre("cat", "dog", "owl"))
      << "nine held-out pictures promise no such coverage";
  EXPECT_TRUE(Answer({0.3f, 0.6f, 0.1f}, {}).prediction_set().empty());
}

TEST_F(Careful, WhatCannotBeAskedIsSaid) {
  EXPECT_THAT(Check({.thresholds = {{"fox", 0.5}}}).message(), HasSubstr("no label \"fox\""));
  EXPECT_THAT(Check({.thresholds = {{"cat", 1.5}}}).message(), HasSubstr("0 to 1, not 1.5"));
  EXPECT_THAT(Check({.threshold = -0.1}).message(), HasSubstr("threshold must be 0 to 1"));
  EXPECT_THAT(Check({.threshold = std::nan("")}).message(), HasSubstr("threshold must be 0 to 1"));
  EXPECT_THAT(Check({.coverage = 1}).message(), HasSubstr("coverage must be above 0 and below 1"));
  const ClassificationDecodeOptions covered({.coverage = 0.9});
  EXPECT_THAT(Pets()->CheckOptions(&covered).message(), HasSubstr("with nothing held out"));
}

}  // namespace
}  // namespace graft::tasks
