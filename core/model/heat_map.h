#ifndef GRAFT_CORE_MODEL_HEAT_MAP_H_
#define GRAFT_CORE_MODEL_HEAT_MAP_H_

#include <vector>

namespace graft::model {

// How much each place of a picture speaks for something.
struct HeatMap {
  int height = 0;
  int width = 0;
  std::vector<float> values;  // [height, width], 0 to 1; the largest is 1, or all are 0

  // Where the map lies on the picture, in parts of its width and height; below 0 or above 1 where
  // it reaches beyond.
  double left = 0;
  double top = 0;
  double right = 1;
  double bottom = 1;
};

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_HEAT_MAP_H_
