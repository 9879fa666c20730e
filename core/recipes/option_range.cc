#include "core/recipes/option_range.h"

#include <cmath>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

#include "core/base/group_digits.h"

namespace graft::recipes {
namespace {

template <typename Number>
std::string Words(const OptionRange<Number>& range, const std::string& low,
                  const std::string& high) {
  if (!range.without_low && !range.without_high) return absl::StrCat(low, " to ", high);
  return absl::StrCat(range.without_low ? "above " : "at least ", low, " and ",
                      range.without_high ? "below " : "at most ", high);
}

}  // namespace

std::string NumberWords(int64_t number) { return GroupDigits(absl::StrCat(number)); }

std::string NumberWords(uint64_t number) { return GroupDigits(absl::StrCat(number)); }

std::string NumberWords(double number) {
  if (std::abs(number) < 1e6 && std::trunc(number) == number) {
    return NumberWords(static_cast<int64_t>(number));
  }
  std::string words;
  for (int digits = 6; digits <= std::numeric_limits<double>::max_digits10; ++digits) {
    words = absl::StrFormat("%.*g", digits, number);
    double read = 0;
    if (absl::SimpleAtod(words, &read) && read == number) break;
  }
  return absl::StrReplaceAll(words, {{"e+0", "e"}, {"e-0", "e-"}, {"e+", "e"}});
}

std::string RangeWords(const OptionRange<int>& range) {
  return Words(range, NumberWords(int64_t{range.low}), NumberWords(int64_t{range.high}));
}

std::string RangeWords(const OptionRange<double>& range) {
  return Words(range, NumberWords(range.low), NumberWords(range.high));
}

RangeEdges<int> EdgesOf(const OptionRange<int>& range) {
  const int lowest = range.without_low ? range.low + 1 : range.low;
  const int highest = range.without_high ? range.high - 1 : range.high;
  return {lowest - 1, lowest, highest, highest + 1};
}

RangeEdges<double> EdgesOf(const OptionRange<double>& range) {
  constexpr double kUp = std::numeric_limits<double>::infinity();
  return {
      range.without_low ? range.low : std::nextafter(range.low, -kUp),
      range.without_low ? std::nextafter(range.low, kUp) : range.low,
      range.without_high ? std::nextafter(range.high, -kUp) : range.high,
      range.without_high ? range.high : std::nextafter(range.high, kUp),
  };
}

}  // namespace graft::recipes
