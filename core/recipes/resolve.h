#ifndef GRAFT_CORE_RECIPES_RESOLVE_H_
#define GRAFT_CORE_RECIPES_RESOLVE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/model/head_spec.h"
#include "core/recipes/conditions.h"
#include "core/recipes/fine_tune_config.h"
#include "core/recipes/phase.h"

namespace graft::recipes {

// A configuration with nothing left open: every option that has a use in the job, and a default, is
// set (those without a use are empty, or neutral), and the phases that follow from it.
struct ResolvedFineTune {
  FineTuneConfig config;
  std::vector<PhaseSpec> phases;
  int total_epochs = 0;  // of all phases: a bound, since phases may stop early
};

// Fills in every default. Resolving what came out changes nothing. INVALID_ARGUMENT as from
// ValidateConfig.
absl::StatusOr<ResolvedFineTune> ResolveFineTune(const FineTuneConfig& config);

// How many of a backbone's stages, from the bottom, a resolved `config` has a use for: up to its
// highest tap, or all.
int StagesRead(const FineTuneConfig& config, absl::Span<const model::StageFeatures> stages);

// The head that a resolved `config` puts on a backbone whose stages, bottom first, give these
// features. Not validated: FindNetworkViolations (validate.h) says whether it can be built.
model::HeadSpec HeadSpecOf(const FineTuneConfig& config,
                           absl::Span<const model::StageFeatures> stages, int64_t outputs);

// `config` with every default filled in, whether or not it is valid. `choices` are its own.
FineTuneConfig FillDefaults(const FineTuneConfig& config, const Choices& choices);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_RESOLVE_H_
