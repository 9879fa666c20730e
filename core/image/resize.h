#ifndef GRAFT_CORE_IMAGE_RESIZE_H_
#define GRAFT_CORE_IMAGE_RESIZE_H_

#include "core/image/image.h"
#include "core/model/interpolation.h"

namespace graft::image {

// Resizes with the filter widened by the scale, so that shrinking does not alias; bit for bit what
// Pillow's Image.resize gives, which published preprocessing was written with. (OpenCV's
// INTER_LINEAR and INTER_CUBIC look at 2x2 and 4x4 pixels whatever the scale.)
// Sizes of 1 or more.
Image Resize(const Image& image, int width, int height, model::Interpolation interpolation);

// The window at (x, y) of the picture that Resize would give, `window_width` x `window_height`, and
// black outside it; only that much is computed and allocated, whatever the shape of the image.
Image ResizeWindow(const Image& image, int width, int height, model::Interpolation interpolation,
                   int x, int y, int window_width, int window_height);

// The part of `image` at (x, y); parts outside the image are black.
Image Crop(const Image& image, int x, int y, int width, int height);

// Left and right exchanged.
void FlipHorizontally(Image& image);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_RESIZE_H_
