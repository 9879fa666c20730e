#include "server/api/inference_names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

#include "core/base/status_macros.h"
#include "server/api/resource_names.h"

namespace graft::server {

InferenceName SplitInferenceName(absl::string_view name) {
  const size_t slash = name.find('/');
  if (slash == absl::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))};
}

absl::StatusOr<InferenceVersion> ReadInferenceVersion(absl::string_view field,
                                                      const std::string& version) {
  InferenceVersion read;
  if (version.empty()) return read;
  if (std::all_of(version.begin(), version.end(), absl::ascii_isdigit)) {
    if (absl::SimpleAtoi(version, &read.version) && read.version > 0) return read;
    return InvalidField(field, "must be 1 or more, a label, or empty for the latest");
  }
  GRAFT_RETURN_IF_ERROR(CheckName(field, version));
  read.label = version;
  return read;
}

}  // namespace graft::server
