#include "client/cli/option_flags.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OptionFlags : public ::testing::Test {
 protected:
  OptionFlags() { AddOptionFlags(app_, &spec_, &given_); }

  void Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app_.parse(arguments);
  }

  // What is said of arguments that are refused.
  std::string ErrorOf(const std::vector<std::string>& arguments) {
    try {
      Parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }

  CLI::App app_;
  v1::FineTuneSpec spec_;
  std::vector<TaskFlag> given_;
};

TEST_F(OptionFlags, SetTheirFields) {
  Parse({"--strategy", "top-layers", "--head", "mlp", "--hidden-units", "64", "--epochs", "7",
         "--learning-rate", "0.25", "--seed", "18446744073709551615", "--augment", "false",
         "--patience", "3", "--label-smoothing", "0"});
  EXPECT_EQ(spec_.strategy(), v1::STRATEGY_TOP_LAYERS);
  EXPECT_EQ(spec_.head().kind(), v1::HEAD_KIND_MLP);
  EXPECT_EQ(spec_.head().hidden_units(), 64);
  EXPECT_EQ(spec_.training().epochs(), 7);
  EXPECT_EQ(spec_.training().learning_rate(), 0.25);
  EXPECT_EQ(spec_.training().seed(), ~uint64_t{0});
  EXPECT_EQ(spec_.training().early_stopping_patience(), 3);
  EXPECT_TRUE(spec_.data().has_augment());
  EXPECT_FALSE(spec_.data().augment());
  EXPECT_FALSE(spec_.training().has_batch_size());
  SetTask("classification", given_, &spec_);
  EXPECT_TRUE(spec_.task().classification().has_label_smoothing());
}

TEST_F(OptionFlags, TakeAWordAsTheApiWritesIt) {
  Parse({"--strategy", "FEATURE_EXTRACTION", "--class-weighting", "Balanced"});
  EXPECT_EQ(spec_.strategy(), v1::STRATEGY_FEATURE_EXTRACTION);
  SetTask("classification", given_, &spec_);
  EXPECT_EQ(spec_.task().classification().class_weighting(), v1::CLASS_WEIGHTING_BALANCED);
}

TEST_F(OptionFlags, TakeAListWithCommasBetween) {
  Parse({"--head", "layers", "--head-layers", "dense 64, relu,dropout 0.3", "--taps", "block3"});
  EXPECT_EQ(spec_.head().kind(), v1::HEAD_KIND_LAYERS);
  EXPECT_THAT(spec_.head().layers(), ::testing::ElementsAre("dense 64", "relu", "dropout 0.3"));
  EXPECT_THAT(spec_.head().taps(), ::testing::ElementsAre("block3"));
  for (const char* const text : {"", " ", "relu,", ",relu", "relu,,norm"}) {
    EXPECT_THAT(ErrorOf({"--head-layers", text}), HasSubstr("item without text")) << text;
  }
}

TEST_F(OptionFlags, SayWhichWordsThereAre) {
  EXPECT_THAT(ErrorOf({"--optimizer", "adam"}), HasSubstr("'adam' is none of lbfgs, adamw, sgd"));
  EXPECT_THAT(ErrorOf({"--optimizer", "unspecified"}), HasSubstr("none of"));
}

TEST_F(OptionFlags, RefuseWhatIsNoNumberOfTheirType) {
  for (const char* const text : {"x", "1.5", "99999999999", ""}) {
    EXPECT_NE(ErrorOf({"--epochs", text}), "") << text;
  }
  EXPECT_NE(ErrorOf({"--seed", "-1"}), "");
  EXPECT_NE(ErrorOf({"--augment", "perhaps"}), "");
}

// A field of the options' messages that had no flag could not be set from the command line.
TEST_F(OptionFlags, EveryFieldOfTheOptionsHasOne) {
  std::set<std::string> names = {"strategy"};
  std::vector<const google::protobuf::Descriptor*> types = {
      v1::HeadOptions::descriptor(), v1::TrainingOptions::descriptor(),
      v1::DataOptions::descriptor(), v1::PublishOptions::descriptor()};
  const google::protobuf::Descriptor& task = *v1::Task::descriptor();
  for (int i = 0; i < task.field_count(); ++i) types.push_back(task.field(i)->message_type());
  for (const google::protobuf::Descriptor* const type : types) {
    for (int i = 0; i < type->field_count(); ++i) names.insert(type->field(i)->name());
  }
  EXPECT_EQ(
      app_.get_options([](const CLI::Option* option) { return option->get_name() != "--help"; })
          .size(),
      names.size());
}

TEST_F(OptionFlags, AreHelpedInGroupsWithRangesAndDefaults) {
  const std::string help = app_.help();
  for (const char* const group :
       {"Strategy:", "Head:", "Training:", "Data:", "Publishing:", "Classification:"}) {
    EXPECT_THAT(help, HasSubstr(group));
  }
  EXPECT_THAT(help, HasSubstr("(1 to 4,096"));
  EXPECT_THAT(help, HasSubstr("Default: 32"));
  EXPECT_THAT(help, HasSubstr("feature-extraction"));
  EXPECT_THAT(help, Not(HasSubstr("FEATURE_EXTRACTION")));
}

TEST_F(OptionFlags, AFlagOfSeveralTasksSetsTheOptionOfTheOneThatIsLearnt) {
  Parse({"--class-weighting", "balanced"});
  SetTask("Multilabel", given_, &spec_);
  EXPECT_FALSE(spec_.task().has_classification());
  EXPECT_EQ(spec_.task().multilabel().class_weighting(), v1::CLASS_WEIGHTING_BALANCED);
  EXPECT_THAT(app_.help(), HasSubstr("also for multilabel"));
}

TEST_F(OptionFlags, ATaskNeedsNoFlags) {
  SetTask("regression", {}, &spec_);
  EXPECT_TRUE(spec_.task().has_regression());
}

TEST_F(OptionFlags, ATaskThatIsNoneOrHasNoSuchFlagIsRefused) {
  EXPECT_THROW(SetTask("juggling", {}, &spec_), CLI::ValidationError);
  Parse({"--huber-delta", "2"});
  try {
    SetTask("classification", given_, &spec_);
    FAIL() << "an option of another task was taken";
  } catch (const CLI::ValidationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--huber-delta: is an option of regression"));
  }
}

TEST(Wrapped, BreaksAtSpaces) {
  EXPECT_EQ(Wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(Wrapped("unbreakable a", 4), "unbreakable\na");
  EXPECT_EQ(Wrapped("", 4), "");
}

}  // namespace
}  // namespace graft::cli
