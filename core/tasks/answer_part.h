#ifndef GRAFT_CORE_TASKS_ANSWER_PART_H_
#define GRAFT_CORE_TASKS_ANSWER_PART_H_

#include <string>
#include <vector>

namespace graft::tasks {

// What can be counted of an answer: which of some kinds it is (of a classifier, the class), or a
// number.
struct AnswerPart {
  std::string name;                // "": the answer as a whole
  std::vector<std::string> kinds;  // their names; empty: it is a number
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_ANSWER_PART_H_
