#ifndef GRAFT_CLIENT_CLI_OPTION_FLAGS_H_
#define GRAFT_CLIENT_CLI_OPTION_FLAGS_H_

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/string_view.h"
#include "graft/v1/finetune.pb.h"

namespace graft::cli {

// The flags of `graft finetune` that set options: made from a table that comes with the API
// (generated graft/cli_options.h) and from the fields' own types, so a new option needs nothing
// here.

// `text` in lines of at most `width` characters, broken at spaces; longer words stay whole.
std::string Wrapped(absl::string_view text, size_t width);

// A flag of tasks that was given. Several tasks may have it (--class-weighting): which one's option
// it sets is known once the task is.
struct TaskFlag {
  std::string flag;                // "--class-weighting"
  std::vector<std::string> tasks;  // that have it: "classification"
  std::function<void(v1::FineTuneSpec*, const std::string& task)> set;  // for one of them
};

// Adds them to `command`, in their groups. Parsing sets fields of `spec`, and adds to `given` what
// SetTask has yet to set; both must outlive it.
void AddOptionFlags(CLI::App& command, v1::FineTuneSpec* spec, std::vector<TaskFlag>* given);

// "classification, ...": what a Task can be.
std::string TaskNames();

// Sets the task, which may be written "Multilabel", and its options that were given. Throws
// CLI::ValidationError where there is no such task, or it has not all of these flags.
void SetTask(absl::string_view task, const std::vector<TaskFlag>& given, v1::FineTuneSpec* spec);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_OPTION_FLAGS_H_
