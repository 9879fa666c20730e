#include "core/image/resize_kernels.h"

#if defined(__x86_64__)

#include <cstring>
#include <immintrin.h>

#define GRAFT_AVX2 __attribute__((target("avx2")))

namespace graft::image {
namespace {

constexpr int32_t kHalf = 1 << (kResizeBits - 1);

// Sums to bytes, as ToByte: an arithmetic shift, then saturated. The lower four bytes count.
GRAFT_AVX2 inline __m128i Bytes4(__m128i sums) {
  const __m128i shifted = _mm_srai_epi32(sums, kResizeBits);
  const __m128i words = _mm_packs_epi32(shifted, shifted);
  return _mm_packus_epi16(words, words);
}

// A pixel's three bytes and whatever follows in the four lanes; nothing beyond `end` is read.
GRAFT_AVX2 inline __m128i LoadPixel(const uint8_t* pixel, const uint8_t* end) {
  int32_t bytes = 0;
  std::memcpy(&bytes, pixel, pixel + 4 <= end ? 4 : 3);
  return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
}

GRAFT_AVX2 void Row(const uint8_t* in, const uint8_t* in_end, const int* first, const int* count,
                    const int32_t* weights, int taps, int pixels, uint8_t* out) {
  for (int x = 0; x < pixels; ++x, out += 3, weights += taps) {
    const uint8_t* pixel = in + 3 * first[x];
    const int n = count[x];
    // Two pixels at a time where eight bytes may be read for the two.
    const int64_t readable = (in_end - pixel) / 3;
    int i = 0;
    __m256i pair = _mm256_setzero_si256();
    const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    for (; i + 2 <= n && i + 3 <= readable; i += 2, pixel += 6) {
      const __m128i bytes =
          _mm_shuffle_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixel)), spread);
      const __m256i lanes = _mm256_cvtepu8_epi32(bytes);
      const __m256i weight =
          _mm256_set_m128i(_mm_set1_epi32(weights[i + 1]), _mm_set1_epi32(weights[i]));
      pair = _mm256_add_epi32(pair, _mm256_mullo_epi32(lanes, weight));
    }
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
    sum = _mm_add_epi32(sum, _mm_set1_epi32(kHalf));
    for (; i < n; ++i, pixel += 3) {
      sum =
          _mm_add_epi32(sum, _mm_mullo_epi32(LoadPixel(pixel, in_end), _mm_set1_epi32(weights[i])));
    }
    const int32_t bytes = _mm_cvtsi128_si32(Bytes4(sum));
    std::memcpy(out, &bytes, 3);
  }
}

GRAFT_AVX2 void Column(const uint8_t* in, int64_t stride, const int32_t* weights, int count,
                       int values, uint8_t* out) {
  int x = 0;
  for (; x + 16 <= values; x += 16) {
    __m256i low = _mm256_set1_epi32(kHalf);
    __m256i high = low;
    const uint8_t* from = in + x;
    for (int i = 0; i < count; ++i, from += stride) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      const __m256i weight = _mm256_set1_epi32(weights[i]);
      low = _mm256_add_epi32(low, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
      high = _mm256_add_epi32(
          high, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)), weight));
    }
    // Packing works in halves of 128 bits: they are put in order before the last step.
    const __m256i words =
        _mm256_permute4x64_epi64(_mm256_packs_epi32(_mm256_srai_epi32(low, kResizeBits),
                                                    _mm256_srai_epi32(high, kResizeBits)),
                                 0b11'01'10'00);
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(out + x),
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
  }
  if (x < values)
    PortableResizeKernels().column(in + x, stride, weights, count, values - x, out + x);
}

}  // namespace

const ResizeKernels* Avx2ResizeKernels() {
  static constexpr ResizeKernels kKernels = {&Row, &Column};
  return __builtin_cpu_supports("avx2") ? &kKernels : nullptr;
}

}  // namespace graft::image

#else

namespace graft::image {

const ResizeKernels* Avx2ResizeKernels() { return nullptr; }

}  // namespace graft::image

#endif
