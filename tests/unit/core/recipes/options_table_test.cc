#include "core/recipes/options_table.h"

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/resolve.h"
#include "core/recipes/strategies.h"
#include "core/recipes/validate.h"
#include "core/tasks/option_groups.h"

namespace graft::recipes {
namespace {

using ::testing::HasSubstr;

// A row of the table, with the task that has it (any task for common options).
struct Row {
  const TaskOptionGroup* task;
  const Option* option;
};

// googletest copies parameters: a row's path is its name.
void PrintTo(const Row& row, std::ostream* out) { *out << row.option->path; }

std::vector<Row> AllRows() {
  std::vector<Row> rows;
  for (const OptionGroup& group : CommonOptions()) {
    for (const Option& option : group.options)
      rows.push_back({tasks::TaskOptionGroups()[0], &option});
  }
  for (const TaskOptionGroup* const task : tasks::TaskOptionGroups()) {
    for (const Option& option : task->group.options) rows.push_back({task, &option});
  }
  return rows;
}

// Jobs of a task with every strategy, head, optimizer and augment, and each kind of schedule. All
// are valid.
std::vector<FineTuneConfig> AllJobs(const TaskOptionGroup& task) {
  std::vector<FineTuneConfig> jobs;
  for (const StrategyRecipe& strategy : Strategies()) {
    for (const HeadRecipe& head : Heads()) {
      for (const OptimizerRecipe& optimizer : Optimizers()) {
        for (const bool augment : {false, true}) {
          FineTuneConfig config = {.strategy = strategy.strategy, .task = task.make()};
          config.head.kind = head.head;
          if (head.head == model::HeadKind::kLayers) config.head.layers = {"dense 8"};
          config.training.optimizer = optimizer.optimizer;
          config.data.augment = augment;
          if (!FindViolations(config).empty()) continue;
          jobs.push_back(config);
          for (const ScheduleKind schedule : {ScheduleKind::kPlateau, ScheduleKind::kOneCycle}) {
            config.training.schedule = schedule;
            if (FindViolations(config).empty()) jobs.push_back(config);
          }
        }
      }
    }
  }
  return jobs;
}

// What is said of one option; "": nothing.
std::string MessageOn(const Option& option, const FineTuneConfig& config) {
  std::string message;
  for (const FieldError& violation : FindViolations(config)) {
    if (violation.field == option.path) absl::StrAppend(&message, violation.description);
  }
  return message;
}

// Some value in the option's range that asks for something.
OptionValue SomeValue(const Option& option) {
  switch (option.type) {
    case OptionType::kBool:
      return true;
    case OptionType::kInteger:
    case OptionType::kReal:
      return option.edges->lowest == option.neutral ? option.edges->highest : option.edges->lowest;
    case OptionType::kUnsigned:
      return uint64_t{1};
    case OptionType::kWord:
      return option.words[0].word;
    case OptionType::kList:
      return TextList{"relu"};
  }
  return false;
}

class EveryOption : public ::testing::TestWithParam<Row> {
 protected:
  const Option& option_ = *GetParam().option;
  const TaskOptionGroup& task_ = *GetParam().task;

  // A job that reads the option.
  FineTuneConfig Job() const {
    for (const FineTuneConfig& config : AllJobs(task_)) {
      if (option_.when->holds(ChoicesOf(config))) return config;
    }
    ADD_FAILURE() << "no job reads " << option_.path;
    return {};
  }

  std::string MessageWith(const OptionValue& value) const {
    FineTuneConfig config = Job();
    option_.set(config, value);
    return MessageOn(option_, config);
  }

  void ExpectRefused(const OptionValue& value) const {
    EXPECT_THAT(MessageWith(value),
                HasSubstr(absl::StrCat("must be ", option_.allowed, ", got ", ValueWords(value))));
  }
  // Another rule may refuse it still, such as one that compares two options.
  void ExpectInRange(const OptionValue& value) const {
    EXPECT_FALSE(absl::StartsWith(MessageWith(value), "must be " + option_.allowed))
        << ValueWords(value);
  }
};

TEST_P(EveryOption, IsRefusedBelowAndAboveItsRangeAndTakenAtBothEdges) {
  if (option_.type != OptionType::kInteger && option_.type != OptionType::kReal) return;
  ASSERT_TRUE(option_.edges.has_value()) << "a number needs a range";
  ExpectRefused(option_.edges->below);
  ExpectInRange(option_.edges->lowest);
  ExpectInRange(option_.edges->highest);
  ExpectRefused(option_.edges->above);
  if (option_.type == OptionType::kInteger) {
    ExpectRefused(int64_t{std::numeric_limits<int>::max()});
    ExpectRefused(int64_t{std::numeric_limits<int>::min()});
  }
}

TEST_P(EveryOption, IsRefusedWhereItsListIsTooLongOrAnItemIs) {
  if (option_.type != OptionType::kList) return;
  ASSERT_TRUE(option_.limits.has_value()) << "a list needs limits";
  const size_t most = option_.limits->items;
  const size_t longest = option_.limits->longest;
  ExpectRefused(TextList(most + 1, "a"));
  ExpectInRange(TextList(most, "a"));
  ExpectRefused(TextList{std::string(longest + 1, 'a')});
  ExpectInRange(TextList{std::string(longest, 'a')});
  ExpectRefused(TextList{"a", ""});
  EXPECT_LT(MessageWith(TextList(100'000, "many")).size(), 500u) << "all of it is no help";
}

TEST_P(EveryOption, IsRefusedWhereItIsNotFinite) {
  if (option_.type != OptionType::kReal) return;
  ExpectRefused(std::numeric_limits<double>::quiet_NaN());
  ExpectRefused(std::numeric_limits<double>::infinity());
  ExpectRefused(-std::numeric_limits<double>::infinity());
}

TEST_P(EveryOption, IsRefusedInEveryJobThatDoesNotReadIt) {
  int jobs = 0;
  for (FineTuneConfig config : AllJobs(task_)) {
    if (option_.when->holds(ChoicesOf(config))) continue;
    ++jobs;
    option_.set(config, SomeValue(option_));
    EXPECT_THAT(MessageOn(option_, config),
                HasSubstr(absl::StrCat("only used with ", option_.when->words, "; this job has ")));
    if (option_.neutral.has_value()) {
      option_.set(config, option_.neutral);
      EXPECT_EQ(MessageOn(option_, config), "");
    }
  }
  EXPECT_EQ(jobs == 0, option_.when == &kAlways);
}

TEST_P(EveryOption, TakesEachOfItsWords) {
  for (const WordHelp& word : option_.words) {
    FineTuneConfig config = {.task = task_.make()};
    option_.set(config, word.word);
    EXPECT_EQ(option_.get(config), OptionValue(word.word));
    EXPECT_FALSE(word.help.empty()) << word.word;
  }
}

TEST_P(EveryOption, IsKeptAndForgotten) {
  FineTuneConfig config = {.task = task_.make()};
  EXPECT_EQ(option_.get(config), std::nullopt);
  option_.set(config, SomeValue(option_));
  EXPECT_EQ(option_.get(config), SomeValue(option_));
  option_.set(config, std::nullopt);
  EXPECT_EQ(option_.get(config), std::nullopt);
}

TEST_P(EveryOption, IsResolvedWhereItIsReadAndHasADefault) {
  const bool has_default = !option_.defaults.empty() || option_.derive != nullptr;
  for (const FineTuneConfig& config : AllJobs(task_)) {
    const Choices choices = ChoicesOf(config);
    const FineTuneConfig filled = FillDefaults(config, choices);
    if (option_.when->holds(choices)) {
      EXPECT_TRUE(option_.get(filled).has_value() || !has_default);
    } else {
      EXPECT_EQ(option_.get(filled), option_.neutral);
    }
  }
}

TEST_P(EveryOption, IsDescribedInASentence) {
  ASSERT_FALSE(option_.help.empty());
  EXPECT_TRUE(absl::ascii_isupper(option_.help.front())) << option_.help;
  EXPECT_FALSE(absl::EndsWith(option_.help, ".")) << option_.help;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOption, ::testing::ValuesIn(AllRows()),
                         [](const auto& tested) {
                           return absl::StrReplaceAll(tested.param.option->path, {{".", "_"}});
                         });

// Tasks may share a flag, for an option of one type: the command line sets that of the task it
// learns.
TEST(OptionsTable, NoPathIsThereTwiceNorAFlagButOfSeveralTasks) {
  std::set<std::string> paths, common;
  std::map<std::string, const Option*> of_tasks;
  for (const OptionGroup& group : CommonOptions()) {
    for (const Option& option : group.options) {
      EXPECT_TRUE(paths.insert(option.path).second) << option.path;
      EXPECT_TRUE(common.insert(option.flag).second) << option.flag;
    }
  }
  for (const TaskOptionGroup* const task : tasks::TaskOptionGroups()) {
    std::set<std::string> own;
    for (const Option& option : task->group.options) {
      EXPECT_TRUE(paths.insert(option.path).second) << option.path;
      EXPECT_TRUE(own.insert(option.flag).second) << option.flag;
      EXPECT_EQ(common.count(option.flag), 0u) << option.flag;
      const Option* const other = of_tasks.emplace(option.flag, &option).first->second;
      EXPECT_EQ(other->type, option.type) << option.path;
      EXPECT_EQ(other->allowed, option.allowed) << option.path;
      EXPECT_EQ(other->help, option.help) << option.path;
    }
  }
}

// A task that this folder does not know, with options of its own.
struct CountingOptions {
  std::optional<int> most = {};
  static const TaskOptionGroup& Group() {
    static const TaskOptionGroup group = {
        .task = "counting",
        .group = {"task.counting",
                  "Counting",
                  {MakeOption<CountingOptions, int>(
                      "task.counting", "most", &CountingOptions::most,
                      {.help = "Count to",
                       .range = Between(1, 9),
                       .defaults = {{&kArticleHead, 3}, {&kAlways, 5}}})}},
        .make = [] { return TaskOptions(CountingOptions{}); }};
    return group;
  }
};

TEST(OptionsTable, ATasksRowsAreCheckedAndResolvedLikeTheCommonOnes) {
  FineTuneConfig config = {.task = CountingOptions{.most = 10}};
  ASSERT_THAT(FindViolations(config), ::testing::SizeIs(1));
  EXPECT_EQ(FindViolations(config)[0].field, "task.counting.most");
  EXPECT_EQ(FindViolations(config)[0].description, "must be 1 to 9, got 10");

  config.task = CountingOptions{};
  const auto resolved = ResolveFineTune(config);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->config.task.As<CountingOptions>().most, 5);
  EXPECT_EQ(resolved->config.training.optimizer, OptimizerKind::kAdamW)
      << "only a convex task is solved for";
  config.training.optimizer = OptimizerKind::kLbfgs;
  EXPECT_EQ(FindViolations(config)[0].field, "training.optimizer");
}

TEST(OptionsTable, AJobWithoutATaskIsRefused) { EXPECT_EQ(FindViolations({})[0].field, "task"); }

}  // namespace
}  // namespace graft::recipes
