#include "core/recipes/config_json.h"

#include "gtest/gtest.h"

#include "core/tasks/classification/options.h"

namespace graft::recipes {
namespace {

TEST(ConfigJson, HasTheApisNamesAndOnlyWhatIsSet) {
  FineTuneConfig config = {.strategy = Strategy::kTopLayers,
                           .task = tasks::ClassificationOptions{.label_smoothing = 0.5}};
  config.head.kind = model::HeadKind::kMlp;
  config.training.epochs = 3;
  config.training.seed = uint64_t{1} << 63;
  config.data.augment = false;
  EXPECT_EQ(ConfigToJson(config), nlohmann::json::parse(R"({
    "strategy": "top_layers",
    "head": {"kind": "mlp"},
    "training": {"epochs": 3, "seed": 9223372036854775808},
    "data": {"augment": false},
    "task": {"classification": {"label_smoothing": 0.5}}
  })"));
  EXPECT_EQ(ConfigToJson(config).dump(), ConfigToJson(FineTuneConfig(config)).dump());
  EXPECT_EQ(ConfigToJson({}).dump(), "{}");
}

}  // namespace
}  // namespace graft::recipes
