#include "core/recipes/validate.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/recipes/options_table.h"
#include "core/recipes/resolve.h"

namespace graft {
namespace {

// What is wrong with one option; "": nothing.
std::string Wrong(const Option& option, const CheckInput& in) {
  const std::optional<OptionValue> value = option.get(in.asked);
  if (value.has_value()) {
    if (option.in_range != nullptr && !option.in_range(*value)) {
      return absl::StrCat("must be ", option.allowed, ", got ", ValueWords(*value));
    }
    if (!option.when->holds(in.choices) && value != option.neutral) {
      return absl::StrCat("only used with ", option.when->words, "; this job has ",
                          Describe(in.choices));
    }
  }
  return option.check != nullptr ? option.check(in) : "";
}

}  // namespace

std::vector<FieldError> FindViolations(const FineTuneConfig& config) {
  const Choices choices = ChoicesOf(config);
  const FineTuneConfig filled = FillDefaults(config, choices);
  const CheckInput in = {config, filled, choices};
  std::vector<FieldError> violations;
  ForEachOption(config.task.group(), [&](const Option& option) {
    std::string message = Wrong(option, in);
    if (!message.empty()) violations.push_back({option.path, std::move(message)});
  });
  if (config.task.group() == nullptr) {
    violations.push_back({"task", "is required: it says what is learnt"});
  }
  return violations;
}

std::vector<FieldError> FindNetworkViolations(const FineTuneConfig& config, int stages) {
  const int asked = config.training.trainable_stages.value_or(0);
  if (asked <= stages) return {};
  return {{"training.trainable_stages",
           absl::StrCat("the backbone has ", stages, " stages, got ", asked)}};
}

absl::Status ValidateConfig(const FineTuneConfig& config) {
  return InvalidFields(FindViolations(config));
}

}  // namespace graft
