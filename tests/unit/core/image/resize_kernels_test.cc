#include "core/image/resize_kernels.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace graft::image {
namespace {

// Weights as filters have them: some negative, together between -1/4 and 7/4, as sums must be for
// 32 bits.
std::vector<int32_t> Weights(std::mt19937& random, int count) {
  std::vector<int32_t> weights(static_cast<size_t>(count));
  for (int32_t& weight : weights) {
    weight = (static_cast<int32_t>(random() % (2 << kResizeBits)) - (1 << kResizeBits) / 4) / count;
  }
  return weights;
}

class FastKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fast_ == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  }
  const ResizeKernels* const fast_ = Avx2ResizeKernels();
  std::mt19937 random_{5};
};

TEST_F(FastKernels, ComputeRowsAsThePortableOnesDo) {
  for (const int width : {1, 2, 3, 7, 50}) {
    for (const int taps : {1, 2, 3, 8, 31}) {
      // The memory ends where the pixels do: what reads beyond is seen by the sanitizer.
      std::vector<uint8_t> in(static_cast<size_t>(width) * 3);
      for (uint8_t& byte : in) byte = static_cast<uint8_t>(random_());
      std::vector<int> first;
      std::vector<int> count;
      std::vector<int32_t> weights;
      for (int x = 0; x < 20; ++x) {
        first.push_back(static_cast<int>(random_() % static_cast<unsigned>(width)));
        count.push_back(std::min(taps, width - first.back()));
        const std::vector<int32_t> own = Weights(random_, taps);
        weights.insert(weights.end(), own.begin(), own.end());
      }
      std::vector<uint8_t> expected(60);
      std::vector<uint8_t> bytes(60);
      const auto run = [&](const ResizeKernels& kernels, uint8_t* out) {
        kernels.row(in.data(), in.data() + in.size(), first.data(), count.data(), weights.data(),
                    taps, 20, out);
      };
      run(PortableResizeKernels(), expected.data());
      run(*fast_, bytes.data());
      EXPECT_EQ(bytes, expected) << width << " pixels, " << taps << " taps";
    }
  }
}

TEST_F(FastKernels, ComputeColumnsAsThePortableOnesDo) {
  for (const int values : {3, 15, 16, 17, 33, 672}) {
    for (const int count : {1, 2, 5, 12}) {
      std::vector<uint8_t> in(static_cast<size_t>(values) * static_cast<size_t>(count));
      for (uint8_t& byte : in) byte = static_cast<uint8_t>(random_());
      const std::vector<int32_t> weights = Weights(random_, count);
      std::vector<uint8_t> expected(static_cast<size_t>(values));
      std::vector<uint8_t> bytes(static_cast<size_t>(values));
      PortableResizeKernels().column(in.data(), values, weights.data(), count, values,
                                     expected.data());
      fast_->column(in.data(), values, weights.data(), count, values, bytes.data());
      EXPECT_EQ(bytes, expected) << values << " values of " << count << " rows";
    }
  }
}

}  // namespace
}  // namespace graft::image
