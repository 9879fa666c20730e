#ifndef GRAFT_WIRE_FINE_TUNE_SPEC_H_
#define GRAFT_WIRE_FINE_TUNE_SPEC_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graft/v1/finetune.pb.h"

#include "core/recipes/fine_tune_config.h"
#include "core/recipes/resolve.h"

namespace graft::wire {

// graft.v1.FineTuneSpec <-> core/recipes' configuration. All functions are pure.
//
// Field paths in errors begin with `path`, the place of the spec in the request ("spec" in
// StartFineTune): "spec.training.epochs".

// What `spec` asks the engine to do. INVALID_ARGUMENT with a BadRequest that names every wrong
// field: a missing or ill-formed name, no task, an enum value this build does not know, a number
// out of its range or not finite, an option that the job would not read. Whether dataset and
// backbone exist is for the caller to say; an empty backbone means the server's default.
absl::StatusOr<recipes::FineTuneConfig> FineTuneConfigFromProto(const v1::FineTuneSpec& spec,
                                                                absl::string_view path = "spec");

// The same, with every default filled in and the phases laid out.
absl::StatusOr<recipes::ResolvedFineTune> ResolveFineTuneSpec(const v1::FineTuneSpec& spec,
                                                              absl::string_view path = "spec");

// What Job.spec shows: `request` (dataset, model, backbone as they are there) with the options of
// `resolved`. Read back by FineTuneConfigFromProto it gives `resolved.config` again, so a worker
// resolves the stored spec to the very job that was announced.
v1::FineTuneSpec ResolvedFineTuneSpec(const v1::FineTuneSpec& request,
                                      const recipes::ResolvedFineTune& resolved);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_FINE_TUNE_SPEC_H_
