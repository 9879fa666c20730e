#ifndef GRAFT_CORE_DATA_MANIFEST_CELL_H_
#define GRAFT_CORE_DATA_MANIFEST_CELL_H_

#include <string>
#include <vector>

namespace graft::data {

// One value of a manifest. A CSV has texts alone, and a text may be meant as a number; in JSON it
// is said which is which.
struct Cell {
  enum class Kind { kCsv, kText, kInteger, kNumber, kBool, kNull, kList };
  Kind kind = Kind::kNull;
  std::string text = {};  // of kCsv and kText; of an integer or a bool, as it is written
  double number = 0;      // of kInteger and kNumber
  std::vector<std::string> list = {};  // of kList: texts, and integers as they are written
  bool list_has_numbers = false;       // of kList: fractions among them, which are no labels
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_CELL_H_
