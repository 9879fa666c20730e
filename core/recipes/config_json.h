#ifndef GRAFT_CORE_RECIPES_CONFIG_JSON_H_
#define GRAFT_CORE_RECIPES_CONFIG_JSON_H_

#include "nlohmann/json.hpp"

#include "core/recipes/fine_tune_config.h"

namespace graft::recipes {

// The options that are set, nested as in the API and by its names:
// {"strategy": "full", "training": {"epochs": 20, ...}, ...}. Enums are their words in small
// letters. The same configuration gives the same bytes.
nlohmann::json ConfigToJson(const FineTuneConfig& config);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_CONFIG_JSON_H_
