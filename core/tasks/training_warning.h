#ifndef GRAFT_CORE_TASKS_TRAINING_WARNING_H_
#define GRAFT_CORE_TASKS_TRAINING_WARNING_H_

#include <string>

namespace graft::tasks {

// Something about the data or the run that a person should know; each code comes at most once.
struct TrainingWarning {
  std::string code;  // e.g. "NO_VALIDATION"
  std::string message;
  std::string advice;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_TRAINING_WARNING_H_
