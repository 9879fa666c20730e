#ifndef GRAFT_TESTS_UNIT_CORE_TASKS_FIT_FEATURES_H_
#define GRAFT_TESTS_UNIT_CORE_TASKS_FIT_FEATURES_H_

#include <cmath>

#include <ATen/ATen.h>

namespace graft::tasks {

// The rows that make_task_goldens.py fits: x[i][j] = sin(0.37 i (j + 1) + j), [rows, 4].
inline at::Tensor FitFeatures(int64_t rows) {
  at::Tensor features = at::empty({rows, 4});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      features[i][j] = std::sin(0.37 * static_cast<double>(i * (j + 1)) + static_cast<double>(j));
    }
  }
  return features;
}

}  // namespace graft::tasks

#endif  // GRAFT_TESTS_UNIT_CORE_TASKS_FIT_FEATURES_H_
