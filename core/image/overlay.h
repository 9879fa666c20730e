#ifndef GRAFT_CORE_IMAGE_OVERLAY_H_
#define GRAFT_CORE_IMAGE_OVERLAY_H_

#include "core/image/image.h"
#include "core/model/heat_map.h"

namespace graft::image {

// The picture under a heat map, in colours from blue (0) to red (1) that let more of the picture
// through where the map says less; what the map does not reach is darkened. Pure.
Image DrawHeatMap(const Image& picture, const model::HeatMap& map);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_OVERLAY_H_
