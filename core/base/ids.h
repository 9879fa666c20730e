#ifndef GRAFT_CORE_BASE_IDS_H_
#define GRAFT_CORE_BASE_IDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace graft {

// Makes resource ids. Injected, so that tests get ids they know. Safe for concurrent use.
class IdGenerator {
 public:
  virtual ~IdGenerator() = default;

  // "<prefix>-<26 characters>": a ULID-shaped id; 48 bits of milliseconds, then 80 random bits from
  // the operating system. Ids made later sort later; none can be guessed from another.
  virtual std::string NewId(absl::string_view prefix) = 0;

  // The generator of this process; lives as long as the process.
  static IdGenerator* System();
};

// Whether `name` may name a project, model or backbone: 1 to 63 characters of a-z, 0-9, '-', '_'
// and '.', beginning with a letter or digit, without "..".
bool IsValidResourceName(absl::string_view name);

}  // namespace graft

#endif  // GRAFT_CORE_BASE_IDS_H_
