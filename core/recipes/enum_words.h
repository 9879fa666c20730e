#ifndef GRAFT_CORE_RECIPES_ENUM_WORDS_H_
#define GRAFT_CORE_RECIPES_ENUM_WORDS_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/recipes/fine_tune_config.h"

namespace graft::recipes {

// A value of an enum among the options. The API's name for it is the word in capitals behind the
// enum's prefix, the CLI's has dashes for underscores.
template <typename Enum>
struct EnumWord {
  Enum value;
  absl::string_view word;  // "feature_extraction"; lives as long as the program
  absl::string_view help;  // a sentence without its full stop
};

struct WordHelp {
  absl::string_view word;
  absl::string_view help;
};

// All values of an enum. One overload an enum that is the type of an option; a task's are found in
// its own namespace.
absl::Span<const EnumWord<Strategy>> WordsOf(Strategy);
absl::Span<const EnumWord<model::HeadKind>> WordsOf(model::HeadKind);
absl::Span<const EnumWord<OptimizerKind>> WordsOf(OptimizerKind);
absl::Span<const EnumWord<ScheduleKind>> WordsOf(ScheduleKind);
absl::Span<const EnumWord<model::Pooling>> WordsOf(model::Pooling);
absl::Span<const EnumWord<FramingChoice>> WordsOf(FramingChoice);
absl::Span<const EnumWord<PrecisionChoice>> WordsOf(PrecisionChoice);

template <typename Enum>
absl::string_view NameOf(Enum value) {
  for (const EnumWord<Enum>& each : WordsOf(Enum{})) {
    if (each.value == value) return each.word;
  }
  return "";
}

// Empty where there is no such word.
template <typename Enum>
std::optional<Enum> FromName(absl::string_view word) {
  for (const EnumWord<Enum>& each : WordsOf(Enum{})) {
    if (each.word == word) return each.value;
  }
  return std::nullopt;
}

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_ENUM_WORDS_H_
