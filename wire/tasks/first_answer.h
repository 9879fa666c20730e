#ifndef GRAFT_WIRE_TASKS_FIRST_ANSWER_H_
#define GRAFT_WIRE_TASKS_FIRST_ANSWER_H_

#include <optional>
#include <string>

namespace graft::wire {

// An answer in a few words: what it says first.
struct FirstAnswer {
  std::string text;  // the most probable label; numbers with their names; "": nothing
  std::optional<double> probability;  // of the label, 0 where none is given; absent of numbers

  friend bool operator==(const FirstAnswer&, const FirstAnswer&) = default;
};

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_FIRST_ANSWER_H_
