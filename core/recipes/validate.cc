#include "core/recipes/validate.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "core/recipes/options_table.h"
#include "core/recipes/resolve.h"

namespace graft::recipes {
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

void FindStageViolations(const FineTuneConfig& config,
                         absl::Span<const model::StageFeatures> stages,
                         std::vector<FieldError>& violations) {
  const TextList taps = config.head.taps.value_or(TextList{});
  const auto index_of = [&](absl::string_view name) {
    const auto found =
        std::find_if(stages.begin(), stages.end(),
                     [name](const model::StageFeatures& stage) { return stage.stage == name; });
    return static_cast<int>(found - stages.begin());
  };
  const auto all = static_cast<int>(stages.size());
  int lowest = all;
  for (const std::string& tap : taps) {
    lowest = std::min(lowest, index_of(tap));
    if (index_of(tap) < all) continue;
    const auto name = [](std::string* out, const model::StageFeatures& stage) {
      *out += stage.stage;
    };
    violations.push_back({"head.taps", absl::StrCat("the backbone has no stage \"", tap, "\" but ",
                                                    absl::StrJoin(stages, ", ", name))});
  }
  const int read = StagesRead(config, stages);
  // GRADUAL trains fewer of them first, from what enters the lowest of those.
  const bool one_by_one = config.strategy == Strategy::kGradual;
  const int trained = config.training.trainable_stages.value_or(0);
  const int fewest = one_by_one ? std::min(trained, 1) : trained;
  if (trained > read) {
    violations.push_back(
        {"training.trainable_stages",
         absl::StrCat(read == all ? "there are " : "up to the highest tap there are ", read,
                      " stages, got ", trained)});
  } else if (violations.empty() && trained > 0 && lowest < read - fewest - 1) {
    // What enters the lowest trained stage is kept, and no stage below it runs again.
    const std::string mend = one_by_one ? ": take"
                                        : absl::StrCat(": train ", read - lowest - 1,
                                                       " (training.trainable_stages), or take");
    violations.push_back(
        {"head.taps", absl::StrCat("\"", stages[lowest].stage, "\" lies too far below the ", fewest,
                                   " stages that learn", one_by_one ? " first" : "", mend,
                                   " FULL or FEATURE_EXTRACTION")});
  }
}

// The option that a head which cannot be built is to be laid to.
std::string HeadField(const model::HeadSpec& head) {
  const auto suits = [&](const model::FeatureMap& features) {
    return model::CheckPooling(head.pooling, features).ok();
  };
  const bool pooling_suits =
      head.taps.empty()
          ? head.kind == model::HeadKind::kArticle || suits(head.features)
          : std::all_of(head.taps.begin(), head.taps.end(),
                        [&](const model::StageFeatures& tap) { return suits(tap.features); });
  if (!pooling_suits) return "head.pooling";
  if (head.kind == model::HeadKind::kLayers) return "head.layers";
  return head.has_hidden_layer() ? "head.hidden_units" : "head.kind";
}

std::string HeadWords(const model::HeadSpec& head, const absl::Status& invalid) {
  const int64_t weights = head.weights();
  if (weights <= model::kMaxHeadWeights) {
    return std::string(absl::StripPrefix(invalid.message(), "head: "));
  }
  return absl::StrCat("on this backbone the head would have ", weights, " weights, at most ",
                      model::kMaxHeadWeights, " are allowed",
                      head.has_hidden_layer() ? "; take fewer hidden units, or a linear head"
                      : head.kind == model::HeadKind::kLayers ? "; take smaller layers, or pool"
                                                              : "");
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

std::vector<FieldError> FindNetworkViolations(const FineTuneConfig& config,
                                              absl::Span<const model::StageFeatures> stages,
                                              int64_t outputs) {
  std::vector<FieldError> violations;
  FindStageViolations(config, stages, violations);
  if (!violations.empty()) return violations;
  const model::HeadSpec head = HeadSpecOf(config, stages, outputs);
  const absl::Status valid = model::ValidateHeadSpec(head);
  if (valid.ok()) return {};
  return {{HeadField(head), HeadWords(head, valid)}};
}

absl::Status ValidateConfig(const FineTuneConfig& config) {
  return InvalidFields(FindViolations(config));
}

}  // namespace graft::recipes
