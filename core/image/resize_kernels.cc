#include "core/image/resize_kernels.h"

#include <algorithm>

namespace graft::image {
namespace {

uint8_t ToByte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kResizeBits, 0, 255)); }

void Row(const uint8_t* in, const uint8_t*, const int* first, const int* count,
         const int32_t* weights, int taps, int pixels, uint8_t* out) {
  for (int x = 0; x < pixels; ++x, out += 3, weights += taps) {
    const uint8_t* pixel = in + 3 * first[x];
    int32_t sum[3] = {1 << (kResizeBits - 1), 1 << (kResizeBits - 1), 1 << (kResizeBits - 1)};
    for (int i = 0; i < count[x]; ++i, pixel += 3) {
      for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * weights[i];
    }
    for (int c = 0; c < 3; ++c) out[c] = ToByte(sum[c]);
  }
}

void Column(const uint8_t* in, int64_t stride, const int32_t* weights, int count, int values,
            uint8_t* out) {
  for (int x = 0; x < values; ++x) {
    int32_t sum = 1 << (kResizeBits - 1);
    for (int i = 0; i < count; ++i) sum += in[i * stride + x] * weights[i];
    out[x] = ToByte(sum);
  }
}

}  // namespace

const ResizeKernels& PortableResizeKernels() {
  static constexpr ResizeKernels kKernels = {&Row, &Column};
  return kKernels;
}

const ResizeKernels& BestResizeKernels() {
  static const ResizeKernels& best =
      Avx2ResizeKernels() != nullptr ? *Avx2ResizeKernels() : PortableResizeKernels();
  return best;
}

}  // namespace graft::image
