#ifndef GRAFT_CORE_RECIPES_OPTION_H_
#define GRAFT_CORE_RECIPES_OPTION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

#include "core/recipes/conditions.h"
#include "core/recipes/enum_words.h"
#include "core/recipes/fine_tune_config.h"
#include "core/recipes/option_range.h"

namespace graft::recipes {

// What a row's own check sees.
struct CheckInput {
  const FineTuneConfig& asked;   // as it came
  const FineTuneConfig& filled;  // with every default filled in
  const Choices& choices;
};

// How long a list may be. Its items are 1 to `longest` bytes each.
struct ListLimits {
  size_t items = 0;
  size_t longest = 64;
  absl::string_view what = "items";  // of messages and documentation: "layers"
};

template <typename T>
struct ConditionalDefault {
  const Condition* when;
  T value;
};

// A row of the table, as it is written in a .def file:
//   GRAFT_OPTION(type, name, .help = "...", ...)
// declares the member and describes it. `type` is bool, int, uint64_t, double, TextList, or an enum
// with WordsOf (enum_words.h); `name` is that of the field in the group's message. Every field
// below has a default but `help`.
template <typename T>
struct OptionSpec {
  // A sentence without its full stop; enum values in capitals, as in the API.
  absl::string_view help;
  // Numbers but seeds must have one.
  std::optional<OptionRange<T>> range = {};
  // Lists must have one.
  std::optional<ListLimits> limits = {};
  const Condition* when = &kAlways;
  // Which default it takes where no recipe of strategies.h names one: the first that holds. None:
  // stays absent.
  std::vector<ConditionalDefault<T>> defaults = {};
  // A value that asks for nothing. Accepted, and the default, where the option is not used.
  std::optional<T> neutral = {};
  // What is wrong beyond range and use, also where the option is absent; "": nothing.
  std::string (*check)(const CheckInput&) = nullptr;
  // Makes the default out of what is resolved already (rows before this one) and the recipe's
  // value.
  std::optional<T> (*derive)(const FineTuneConfig&, std::optional<T> recipe) = nullptr;
  // What is to be said of the default besides the values in `defaults` and in recipes.
  absl::string_view derived = {};
  // Of the CLI, where it is not the name.
  absl::string_view flag = {};
};

// bool, int, uint64_t, double, an enum's word, or a list.
using OptionValue = std::variant<bool, int64_t, uint64_t, double, absl::string_view, TextList>;

// "32", "0.1", "true", "ADAMW", "dense 64, relu"; of a long list its beginning.
std::string ValueWords(const OptionValue& value);

enum class OptionType { kBool, kInteger, kUnsigned, kReal, kWord, kList };

// "up to 32 layers of 1 to 64 characters".
std::string LimitWords(const ListLimits& limits);

// A row with its type erased, so that all can be walked in one loop. Values have the alternative of
// OptionValue that `type` names.
struct Option {
  std::string path;  // in the FineTuneSpec message: "training.epochs"
  std::string name;  // "epochs"
  std::string flag;  // "epochs": of `graft finetune --epochs`
  std::string help;
  OptionType type = OptionType::kBool;
  std::string allowed;          // "1 to 10,000", "true or false", "ADAMW, SGD"; "any" where all are
  std::vector<WordHelp> words;  // kWord: the values
  std::optional<RangeEdges<OptionValue>> edges;
  std::optional<ListLimits> limits;  // kList
  const Condition* when = nullptr;   // never null
  std::optional<OptionValue> neutral;
  std::vector<ConditionalDefault<OptionValue>> defaults;
  std::string derived;

  // Empty where the option is absent, or belongs to another task than the configuration's.
  std::function<std::optional<OptionValue>(const FineTuneConfig&)> get;
  // The option must belong to the configuration's task, or to none.
  std::function<void(FineTuneConfig&, const std::optional<OptionValue>&)> set;
  std::function<bool(const OptionValue&)> in_range;   // null where all values are
  std::string (*check)(const CheckInput&) = nullptr;  // may be null
  // Null where nothing is derived.
  std::function<std::optional<OptionValue>(const FineTuneConfig&,
                                           const std::optional<OptionValue>& recipe)>
      derive;

  // Whether a value asks for something: not absent and not neutral.
  bool asks(const FineTuneConfig& config) const {
    const std::optional<OptionValue> value = get(config);
    return value.has_value() && value != neutral;
  }
};

// Where a group's struct is in a configuration: a member, or else the task's own.
template <typename Group>
const Group* FindGroup(const FineTuneConfig& config) {
  if constexpr (std::is_same_v<Group, FineTuneConfig>) {
    return &config;
  } else if constexpr (std::is_same_v<Group, HeadOptions>) {
    return &config.head;
  } else if constexpr (std::is_same_v<Group, TrainingOptions>) {
    return &config.training;
  } else if constexpr (std::is_same_v<Group, DataOptions>) {
    return &config.data;
  } else if constexpr (std::is_same_v<Group, PublishOptions>) {
    return &config.publish;
  } else {
    return config.task.Find<Group>();
  }
}

namespace option_internal {

template <typename T>
OptionValue ToValue(T value) {
  if constexpr (std::is_enum_v<T>) {
    return NameOf(value);
  } else if constexpr (std::is_same_v<T, int>) {
    return int64_t{value};
  } else {
    return value;
  }
}

template <typename T>
T FromValue(const OptionValue& value) {
  if constexpr (std::is_enum_v<T>) {
    return *FromName<T>(std::get<absl::string_view>(value));
  } else if constexpr (std::is_same_v<T, int>) {
    return static_cast<int>(std::get<int64_t>(value));
  } else {
    return std::get<T>(value);
  }
}

template <typename T>
OptionType TypeOf() {
  if constexpr (std::is_enum_v<T>) return OptionType::kWord;
  if constexpr (std::is_same_v<T, TextList>) return OptionType::kList;
  if constexpr (std::is_same_v<T, bool>) return OptionType::kBool;
  if constexpr (std::is_same_v<T, int>) return OptionType::kInteger;
  if constexpr (std::is_same_v<T, uint64_t>) return OptionType::kUnsigned;
  return OptionType::kReal;
}

}  // namespace option_internal

// `group` is the path of the group's message ("training"); "" for the spec itself. Lives as long as
// the condition and words that `spec` points to.
template <typename Group, typename T>
Option MakeOption(absl::string_view group, absl::string_view name, std::optional<T> Group::*member,
                  const OptionSpec<T>& spec) {
  using option_internal::FromValue;
  using option_internal::ToValue;
  Option option;
  option.name = std::string(name);
  option.path = group.empty() ? option.name : absl::StrCat(group, ".", name);
  option.flag = absl::StrReplaceAll(spec.flag.empty() ? name : spec.flag, {{"_", "-"}});
  option.help = std::string(spec.help);
  option.type = option_internal::TypeOf<T>();
  option.when = spec.when;
  option.derived = std::string(spec.derived);
  option.check = spec.check;
  if (spec.neutral.has_value()) option.neutral = ToValue(*spec.neutral);
  for (const ConditionalDefault<T>& each : spec.defaults) {
    option.defaults.push_back({each.when, ToValue(each.value)});
  }
  option.get = [member](const FineTuneConfig& config) -> std::optional<OptionValue> {
    const Group* const found = FindGroup<Group>(config);
    if (found == nullptr || !(found->*member).has_value()) return std::nullopt;
    return ToValue(*(found->*member));
  };
  option.set = [member](FineTuneConfig& config, const std::optional<OptionValue>& value) {
    auto* const found = const_cast<Group*>(FindGroup<Group>(config));
    if (value.has_value()) {
      found->*member = FromValue<T>(*value);
    } else {
      (found->*member).reset();
    }
  };
  if (spec.derive != nullptr) {
    option.derive = [derive = spec.derive](
                        const FineTuneConfig& config,
                        const std::optional<OptionValue>& recipe) -> std::optional<OptionValue> {
      std::optional<T> value;
      if (recipe.has_value()) value = FromValue<T>(*recipe);
      value = derive(config, value);
      if (!value.has_value()) return std::nullopt;
      return ToValue(*value);
    };
  }
  if constexpr (std::is_enum_v<T>) {
    for (const EnumWord<T>& each : WordsOf(T{})) option.words.push_back({each.word, each.help});
    option.allowed = absl::StrJoin(option.words, ", ", [](std::string* out, const WordHelp& word) {
      absl::StrAppend(out, absl::AsciiStrToUpper(word.word));
    });
  } else if constexpr (std::is_same_v<T, bool>) {
    option.allowed = "true or false";
  } else if constexpr (std::is_same_v<T, TextList>) {
    option.limits = spec.limits;
    option.allowed = LimitWords(*spec.limits);
    option.in_range = [limits = *spec.limits](const OptionValue& value) {
      const TextList& list = std::get<TextList>(value);
      return list.size() <= limits.items &&
             std::all_of(list.begin(), list.end(), [&](const std::string& item) {
               return !item.empty() && item.size() <= limits.longest;
             });
    };
  } else {
    option.allowed = "any";
  }
  if constexpr (std::is_same_v<T, int> || std::is_same_v<T, double>) {
    if (spec.range.has_value()) {
      option.allowed = RangeWords(*spec.range);
      const RangeEdges<T> edges = EdgesOf(*spec.range);
      option.edges = RangeEdges<OptionValue>{ToValue(edges.below), ToValue(edges.lowest),
                                             ToValue(edges.highest), ToValue(edges.above)};
      option.in_range = [range = *spec.range](const OptionValue& value) {
        return range.Contains(FromValue<T>(value));
      };
    }
  }
  return option;
}

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_OPTION_H_
