#include "core/recipes/config_json.h"

#include <string>

#include "absl/strings/str_replace.h"

#include "core/recipes/options_table.h"

namespace graft::recipes {
namespace {

nlohmann::json ValueToJson(const OptionValue& value) {
  return std::visit(
      [](const auto& held) -> nlohmann::json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, absl::string_view>) {
          return std::string(held);
        } else {
          return held;
        }
      },
      value);
}

}  // namespace

nlohmann::json ConfigToJson(const FineTuneConfig& config) {
  nlohmann::json json = nlohmann::json::object();
  ForEachOption(config.task.group(), [&](const Option& option) {
    const std::optional<OptionValue> value = option.get(config);
    if (!value.has_value()) return;
    const std::string pointer = absl::StrReplaceAll(option.path, {{".", "/"}});
    json[nlohmann::json::json_pointer("/" + pointer)] = ValueToJson(*value);
  });
  return json;
}

}  // namespace graft::recipes
