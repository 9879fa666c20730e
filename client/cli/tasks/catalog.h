#ifndef GRAFT_CLIENT_CLI_TASKS_CATALOG_H_
#define GRAFT_CLIENT_CLI_TASKS_CATALOG_H_

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "graft/v1/task.pb.h"

#include "client/cli/tasks/task_text.h"

// The tasks that this tool can show. A message of one that it cannot, of a newer server, is shown
// as nothing; --output json has it all the same. A new task adds a file beside this one and a line
// to catalog.cc.
namespace graft::cli {

// The one that a dataset is labelled for: "classification"; "" where this tool does not know it.
std::string TaskName(const v1::DatasetSummary& summary);

// As TaskText's functions of these names.
std::string FormatReport(const v1::Report& report);
std::string FormatSummary(const v1::DatasetSummary& summary);
std::vector<std::string> Cells(const v1::TaskOutput& output);

// Prints the field "labels", or what else the task calls it.
void PrintOutputs(const v1::ModelOutputs& outputs);

// Of all tasks.
std::vector<std::string> FractionsToWatch();
void AddPredictOptions(CLI::App& app, v1::PredictOptions* options);

// In the terms of the model's task, into `options`. INVALID_ARGUMENT where that has no such thing.
absl::Status SetThresholds(const v1::ModelOutputs& model, const Thresholds& thresholds,
                           v1::PredictOptions* options);
absl::Status SetCoverage(const v1::ModelOutputs& model, double coverage,
                         v1::PredictOptions* options);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TASKS_CATALOG_H_
