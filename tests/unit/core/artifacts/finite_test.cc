#include "core/artifacts/safetensors/finite.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace graft::artifacts {
namespace {

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <typename T>
void ExpectFoundAnywhere(DType dtype, T fine, const std::vector<T>& bad) {
  // Longer than what a compiler takes at a time, and no multiple of it.
  const std::vector<T> values(37, fine);
  EXPECT_TRUE(AllFinite(dtype, BytesOf(values)));
  for (const T& value : bad) {
    for (const size_t place : {size_t{0}, size_t{17}, values.size() - 1}) {
      std::vector<T> spoilt = values;
      spoilt[place] = value;
      EXPECT_FALSE(AllFinite(dtype, BytesOf(spoilt))) << place;
      EXPECT_FALSE(AllFinite(dtype, ("x" + BytesOf(spoilt)).substr(1))) << place;
    }
  }
}

TEST(AllFinite, FindsNanAndBothInfinitiesWhereverTheyAre) {
  using Float = std::numeric_limits<float>;
  ExpectFoundAnywhere<float>(DType::kF32, Float::max(),
                             {Float::quiet_NaN(), Float::infinity(), -Float::infinity()});
  using Double = std::numeric_limits<double>;
  ExpectFoundAnywhere<double>(DType::kF64, Double::lowest(),
                              {Double::quiet_NaN(), Double::infinity(), -Double::infinity()});
  // The largest number; NaN, with and without its top bit; infinity and the other one.
  ExpectFoundAnywhere<uint16_t>(DType::kF16, 0x7bff, {0x7e00, 0x7c01, 0x7c00, 0xfc00});
  ExpectFoundAnywhere<uint16_t>(DType::kBF16, 0x7f7f, {0x7fc0, 0x7f81, 0x7f80, 0xff80});
}

TEST(AllFinite, IntegersAndNothingAreAlwaysFinite) {
  EXPECT_TRUE(AllFinite(DType::kI32, BytesOf<uint32_t>({0x7f800000, 0xffffffff})));
  EXPECT_TRUE(AllFinite(DType::kF32, ""));
}

}  // namespace
}  // namespace graft::artifacts
