#ifndef GRAFT_CORE_IMAGE_IMAGE_H_
#define GRAFT_CORE_IMAGE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace graft::image {

// A picture in memory: 8-bit RGB, rows top to bottom, interleaved, no padding.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // height * width * 3

  const uint8_t* row(int y) const { return rgb.data() + static_cast<size_t>(y) * width * 3; }
  uint8_t* row(int y) { return rgb.data() + static_cast<size_t>(y) * width * 3; }
};

// An image of that size with all values zero.
inline Image MakeImage(int width, int height) {
  return {width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3)};
}

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_IMAGE_H_
