#ifndef GRAFT_CORE_DATA_CLASS_NAMES_H_
#define GRAFT_CORE_DATA_CLASS_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft::data {

// A class that is spelled in two ways would be learned as two. INVALID_ARGUMENT names two of
// `names` that a person would take for one (FoldName), or one of which nothing can be seen. `kind`
// is what to call them: "class folders".
absl::Status CheckSpelling(const std::vector<std::string>& names, absl::string_view kind);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_CLASS_NAMES_H_
