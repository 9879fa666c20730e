#include "core/recipes/option.h"

namespace graft {

std::string ValueWords(const OptionValue& value) {
  struct Words {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(int64_t number) const { return NumberWords(number); }
    std::string operator()(uint64_t number) const { return NumberWords(number); }
    std::string operator()(double number) const { return NumberWords(number); }
    std::string operator()(absl::string_view word) const { return absl::AsciiStrToUpper(word); }
  };
  return std::visit(Words{}, value);
}

}  // namespace graft
