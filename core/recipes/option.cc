#include "core/recipes/option.h"

namespace graft::recipes {
namespace {

// Of a list; what is longer is no help in a message.
constexpr size_t kMostShown = 200;

std::string ListWords(const TextList& list) {
  std::string words;
  for (size_t i = 0; i < list.size() && words.size() <= kMostShown; ++i) {
    absl::StrAppend(&words, i > 0 ? ", " : "", absl::string_view(list[i]).substr(0, kMostShown));
  }
  if (words.size() <= kMostShown) return words;
  return absl::StrCat(absl::string_view(words).substr(0, kMostShown), "... (", list.size(),
                      " items)");
}

}  // namespace

std::string LimitWords(const ListLimits& limits) {
  return absl::StrCat("up to ", NumberWords(static_cast<int64_t>(limits.items)), " ", limits.what,
                      " of 1 to ", NumberWords(static_cast<int64_t>(limits.longest)),
                      " characters");
}

std::string ValueWords(const OptionValue& value) {
  struct Words {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(int64_t number) const { return NumberWords(number); }
    std::string operator()(uint64_t number) const { return NumberWords(number); }
    std::string operator()(double number) const { return NumberWords(number); }
    std::string operator()(absl::string_view word) const { return absl::AsciiStrToUpper(word); }
    std::string operator()(const TextList& list) const { return ListWords(list); }
  };
  return std::visit(Words{}, value);
}

}  // namespace graft::recipes
