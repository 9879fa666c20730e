#ifndef GRAFT_CORE_RECIPES_VALIDATE_H_
#define GRAFT_CORE_RECIPES_VALIDATE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

#include "core/base/status_details.h"
#include "core/recipes/fine_tune_config.h"

namespace graft::recipes {

// Everything wrong with `config`, in the table's order, once a field; empty when it can be run.
// Fields are paths in the FineTuneSpec message ("training.epochs"). A description says what is
// allowed and what was given: "must be 1 to 10,000, got 0".
std::vector<FieldError> FindViolations(const FineTuneConfig& config);

// What of a resolved `config` does not go with a backbone whose stages, bottom first, give these
// features, once that is known, and with so many outputs: stages that are not there, taps that a
// strategy cannot read, a head that does not fit the features or would be too large.
std::vector<FieldError> FindNetworkViolations(const FineTuneConfig& config,
                                              absl::Span<const model::StageFeatures> stages,
                                              int64_t outputs);

// INVALID_ARGUMENT that names them (InvalidFields: "training.epochs: must be 1 to 10,000, got 0"),
// or OK.
absl::Status ValidateConfig(const FineTuneConfig& config);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_VALIDATE_H_
