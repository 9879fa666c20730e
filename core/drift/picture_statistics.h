#ifndef GRAFT_CORE_DRIFT_PICTURE_STATISTICS_H_
#define GRAFT_CORE_DRIFT_PICTURE_STATISTICS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace graft::drift {

// What changes with a camera, its light or its lens, of the pixels that a network sees:
//
//   brightness  the mean of all channels, 0 to 1
//   contrast    the deviation of the pixels' brightness, 0 to 0.5
//   saturation  the largest channel less the smallest, over the largest: sums of all pixels, 0 to 1
//   sharpness   the mean difference of brightness between neighbours, in deviations; 0 of a picture
//               without contrast
inline constexpr size_t kPictureStatistics = 4;
inline constexpr std::array<const char*, kPictureStatistics> kPictureStatisticNames = {
    "brightness", "contrast", "saturation", "sharpness"};

// In the order of their names.
using PictureStatistics = std::array<float, kPictureStatistics>;

// Of pixels [height, width, 3] of any channel order; neither size is 0. Looks at some 3,000 of
// them, evenly spread. Pure.
PictureStatistics StatisticsOf(absl::Span<const uint8_t> pixels, int height, int width);

}  // namespace graft::drift

#endif  // GRAFT_CORE_DRIFT_PICTURE_STATISTICS_H_
