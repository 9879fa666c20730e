#include "core/recipes/options_page.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/option_groups.h"

namespace graft::recipes {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Option& Find(absl::string_view path) {
  const Option* found = nullptr;
  ForEachOption(tasks::TaskOptionGroups()[0], [&](const Option& option) {
    if (option.path == path) found = &option;
  });
  static const Option none = {};
  return found == nullptr ? none : *found;
}

TEST(OptionsPage, IsTheOneInTheTree) {
  std::ifstream file(GRAFT_OPTIONS_PAGE, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), OptionsPage(tasks::TaskOptionGroups()))
      << "make it again: build/release/bin/graft_options_page --markdown >docs/options.md";
}

TEST(DefaultWords, SayWhichValueHoldsWhere) {
  EXPECT_EQ(DefaultWords(Find("training.epochs")),
            "300 with LBFGS; 1 with CLASS_MEANS; 15 with AUTO; 60 with FEATURE_EXTRACTION; 20 with "
            "TOP_LAYERS, FULL, LP_FT and GRADUAL; 100 with FROM_SCRATCH");
  EXPECT_EQ(DefaultWords(Find("training.schedule")),
            "CONSTANT with the ARTICLE head; otherwise COSINE");
  EXPECT_EQ(DefaultWords(Find("training.batch_size")), "32");
  EXPECT_THAT(DefaultWords(Find("training.l2")), HasSubstr("cross-validation"));
}

TEST(CliOptionsHeader, HasAFlagForEveryOptionInTheClisWords) {
  const std::string header = CliOptionsHeader(tasks::TaskOptionGroups());
  EXPECT_THAT(header, HasSubstr("{\"training.early_stopping_patience\", \"patience\", "
                                "\"Training\","));
  EXPECT_THAT(header, HasSubstr("{\"task.classification.label_smoothing\", \"label-smoothing\","));
  EXPECT_THAT(header, HasSubstr("feature-extraction, top-layers, full"));
  EXPECT_THAT(header, Not(HasSubstr("TOP_LAYERS")));
  EXPECT_THAT(header, Not(HasSubstr("core/recipes/option")));
}

}  // namespace
}  // namespace graft::recipes
