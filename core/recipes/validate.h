#ifndef GRAFT_CORE_RECIPES_VALIDATE_H_
#define GRAFT_CORE_RECIPES_VALIDATE_H_

#include <vector>

#include "absl/status/status.h"

#include "core/base/status_details.h"
#include "core/recipes/fine_tune_config.h"

namespace graft {

// Everything wrong with `config`, in the table's order, once a field; empty when it can be run.
// Fields are paths in the FineTuneSpec message ("training.epochs"). A description says what is
// allowed and what was given: "must be 1 to 10,000, got 0".
std::vector<FieldError> FindViolations(const FineTuneConfig& config);

// What of `config` does not go with a backbone of so many stages, once that is known.
std::vector<FieldError> FindNetworkViolations(const FineTuneConfig& config, int stages);

// INVALID_ARGUMENT that names them (InvalidFields: "training.epochs: must be 1 to 10,000, got 0"),
// or OK.
absl::Status ValidateConfig(const FineTuneConfig& config);

}  // namespace graft

#endif  // GRAFT_CORE_RECIPES_VALIDATE_H_
