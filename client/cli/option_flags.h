#ifndef GRAFT_CLIENT_CLI_OPTION_FLAGS_H_
#define GRAFT_CLIENT_CLI_OPTION_FLAGS_H_

#include <set>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/strings/string_view.h"
#include "graft/v1/finetune.pb.h"

namespace graft::cli {

// The flags of `graft finetune` that set options: made from a table that comes with the API
// (generated graft/cli_options.h) and from the fields' own types, so a new option needs nothing
// here.

// `text` in lines of at most `width` characters, broken at spaces; longer words stay whole.
std::string Wrapped(absl::string_view text, size_t width);

// Adds them to `command`, in their groups. Parsing sets fields of `spec`, which must outlive it.
// The names of the tasks whose options were given come into `tasks`.
void AddOptionFlags(CLI::App& command, v1::FineTuneSpec* spec, std::set<std::string>* tasks);

// "classification, ...": what a Task can be.
std::string TaskNames();

// Sets the task: `asked`, or the one whose options were given, or else the first. Throws
// CLI::ValidationError where that is none, or options of another one were given.
void SetTask(const std::string& asked, const std::set<std::string>& tasks, v1::FineTuneSpec* spec);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_OPTION_FLAGS_H_
