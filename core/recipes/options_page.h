#ifndef GRAFT_CORE_RECIPES_OPTIONS_PAGE_H_
#define GRAFT_CORE_RECIPES_OPTIONS_PAGE_H_

#include <string>

#include "absl/types/span.h"

#include "core/recipes/options_table.h"

namespace graft::recipes {

// What is said of the options to people, made from the tables alone. Pure.

// "300 with LBFGS, 60 with FEATURE_EXTRACTION, 20 with TOP_LAYERS and FULL"; the first that holds
// counts. "" where an option stays absent.
std::string DefaultWords(const Option& option);

// docs/options.md.
std::string OptionsPage(absl::Span<const TaskOptionGroup* const> tasks);

// A C++ header with a constexpr table of flags for `graft finetune`, which includes nothing of
// core/: graft/cli_options.h.
std::string CliOptionsHeader(absl::Span<const TaskOptionGroup* const> tasks);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_OPTIONS_PAGE_H_
