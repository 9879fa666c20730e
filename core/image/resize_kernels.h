#ifndef GRAFT_CORE_IMAGE_RESIZE_KERNELS_H_
#define GRAFT_CORE_IMAGE_RESIZE_KERNELS_H_

#include <cstdint>

namespace graft::image {

// The two inner loops of a resize, in integers: every version gives the same bytes.

// Weights are fixed-point, as in Pillow: 8 bits of result, 2 of headroom.
inline constexpr int kResizeBits = 32 - 8 - 2;

struct ResizeKernels {
  // One row of pixels, 3 bytes each, out of one: for pixel x of `out`, count[x] pixels of `in` from
  // first[x] on, with weights from weights + x * taps on. `in_end` is behind the last byte that may
  // be read.
  void (*row)(const uint8_t* in, const uint8_t* in_end, const int* first, const int* count,
              const int32_t* weights, int taps, int pixels, uint8_t* out);
  // One row of `values` bytes out of `count` rows, `stride` bytes apart.
  void (*column)(const uint8_t* in, int64_t stride, const int32_t* weights, int count, int values,
                 uint8_t* out);
};

// For any processor.
const ResizeKernels& PortableResizeKernels();
// For processors with AVX2; null where this is not one.
const ResizeKernels* Avx2ResizeKernels();
// The fastest for this processor.
const ResizeKernels& BestResizeKernels();

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_RESIZE_KERNELS_H_
