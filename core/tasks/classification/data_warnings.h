#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_DATA_WARNINGS_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_DATA_WARNINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

#include "core/tasks/training_warning.h"

namespace graft::tasks {

// What a classifier's data looks like before training.
struct ClassCounts {
  std::vector<std::string> class_names;
  std::vector<int64_t> train_images;       // by class
  std::vector<int64_t> validation_images;  // by class; empty: nothing is held out
};

// CLASS_IMBALANCE: the largest class has ten times the images of the smallest or more.
// TOO_FEW_IMAGES: a class has fewer than 10 to train on (none: EMPTY_CLASS instead).
// CLASS_WITHOUT_VALIDATION: of some classes nothing is held out, of others something.
// `balanced`: whether class weights are on already.
std::vector<TrainingWarning> ClassWarnings(const ClassCounts& counts, bool balanced);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_DATA_WARNINGS_H_
