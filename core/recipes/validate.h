#ifndef GRAFT_CORE_RECIPES_VALIDATE_H_
#define GRAFT_CORE_RECIPES_VALIDATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "core/recipes/fine_tune_config.h"

namespace graft {

// A field of the request that was wrong, by its path in the FineTuneSpec message
// ("training.epochs"), and why.
struct FieldViolation {
  std::string field;
  std::string message;
};

// Everything wrong with `config`, in the table's order, once a field; empty when it can be run. A
// message says what is allowed and what was given: "must be 1 to 10,000, got 0".
std::vector<FieldViolation> FindViolations(const FineTuneConfig& config);

// What of `config` does not go with a backbone of so many stages, once that is known.
std::vector<FieldViolation> FindNetworkViolations(const FineTuneConfig& config, int stages);

// INVALID_ARGUMENT naming every violation ("training.epochs: must be 1 to 10,000, got 0"), or OK.
absl::Status ValidateConfig(const FineTuneConfig& config);

// INVALID_ARGUMENT naming them all, or OK.
absl::Status ViolationsToStatus(const std::vector<FieldViolation>& violations);

}  // namespace graft

#endif  // GRAFT_CORE_RECIPES_VALIDATE_H_
