#ifndef GRAFT_CORE_RECIPES_OPTION_RANGE_H_
#define GRAFT_CORE_RECIPES_OPTION_RANGE_H_

#include <cstdint>
#include <string>

namespace graft::recipes {

// "10,000", "0.001", "1e9", "nan": as short as it can be without losing a digit that matters.
std::string NumberWords(int64_t number);
std::string NumberWords(uint64_t number);
std::string NumberWords(double number);

// Which numbers an option takes. Both ends are finite, so infinities are never in it; NaN is not.
template <typename Number>
struct OptionRange {
  Number low;
  Number high;
  bool without_low = false;
  bool without_high = false;

  bool Contains(Number value) const {
    return (without_low ? value > low : value >= low) &&
           (without_high ? value < high : value <= high);
  }
};

template <typename Number>
constexpr OptionRange<Number> Between(Number low, Number high) {
  return {low, high};
}
template <typename Number>
constexpr OptionRange<Number> FromBelow(Number low, Number high) {
  return {low, high, false, true};
}
template <typename Number>
constexpr OptionRange<Number> AboveUpTo(Number low, Number high) {
  return {low, high, true, false};
}

// "1 to 4,096", "at least 0 and below 1", "above 0 and at most 100".
std::string RangeWords(const OptionRange<int>& range);
std::string RangeWords(const OptionRange<double>& range);

// The smallest and the largest number in the range, and those just outside.
template <typename Number>
struct RangeEdges {
  Number below, lowest, highest, above;
};
RangeEdges<int> EdgesOf(const OptionRange<int>& range);
RangeEdges<double> EdgesOf(const OptionRange<double>& range);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_OPTION_RANGE_H_
