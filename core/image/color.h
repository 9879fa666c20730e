#ifndef GRAFT_CORE_IMAGE_COLOR_H_
#define GRAFT_CORE_IMAGE_COLOR_H_

#include "core/image/image.h"

namespace graft::image {

// The four of torchvision's ColorJitter, on 8-bit RGB. A factor of 1 (a shift of 0) changes
// nothing.
void AdjustBrightness(Image& image, double factor);  // blends with black
void AdjustContrast(Image& image, double factor);    // blends with the mean of the grey picture
void AdjustSaturation(Image& image, double factor);  // blends with the grey picture
void AdjustHue(Image& image, double shift);          // of the colour circle, in [-0.5, 0.5]

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_COLOR_H_
