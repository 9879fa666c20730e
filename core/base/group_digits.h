#ifndef GRAFT_CORE_BASE_GROUP_DIGITS_H_
#define GRAFT_CORE_BASE_GROUP_DIGITS_H_

#include <cstddef>
#include <string>

namespace graft {

// A whole number's digits, as people read them: "12345" becomes "12,345", "-1234" "-1,234".
inline std::string GroupDigits(std::string digits) {
  const size_t first = digits.front() == '-' ? 1 : 0;
  for (size_t end = digits.size(); end > first + 3;) {
    end -= 3;
    digits.insert(digits.begin() + static_cast<std::ptrdiff_t>(end), ',');
  }
  return digits;
}

}  // namespace graft

#endif  // GRAFT_CORE_BASE_GROUP_DIGITS_H_
