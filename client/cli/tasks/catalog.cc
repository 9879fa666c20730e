#include "client/cli/tasks/catalog.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/output.h"
#include "client/cli/tasks/classification.h"
#include "client/cli/tasks/multilabel.h"
#include "client/cli/tasks/regression.h"

namespace graft::cli {
namespace {

const TaskText* const kTasks[] = {&ClassificationText(), &MultilabelText(), &RegressionText()};

// The task of a message with one oneof, whose fields have the names of the tasks.
template <typename Message>
const TaskText* TaskOf(const Message& message) {
  const auto* field = message.GetReflection()->GetOneofFieldDescriptor(
      message, Message::descriptor()->oneof_decl(0));
  if (field == nullptr) return nullptr;
  for (const TaskText* task : kTasks) {
    if (task->name() == field->name()) return task;
  }
  return nullptr;
}

}  // namespace

std::string TaskName(const v1::DatasetSummary& summary) {
  const TaskText* task = TaskOf(summary);
  return task == nullptr ? "" : std::string(task->name());
}

std::string FormatReport(const v1::Report& report) {
  const TaskText* task = TaskOf(report);
  return task == nullptr ? "" : task->FormatReport(report);
}

std::string FormatSummary(const v1::DatasetSummary& summary) {
  const TaskText* task = TaskOf(summary);
  return task == nullptr ? "" : task->FormatSummary(summary);
}

std::vector<std::string> Cells(const v1::TaskOutput& output) {
  const TaskText* task = TaskOf(output);
  std::vector<std::string> cells;
  if (task != nullptr) cells = task->Cells(output);
  if (output.unknown_score() >= 1) {
    cells.push_back(absl::StrFormat("unlike the training (%.2f)", output.unknown_score()));
  }
  return cells;
}

void PrintOutputs(const v1::ModelOutputs& outputs) {
  const TaskText* task = TaskOf(outputs);
  if (task != nullptr) PrintField(task->OutputsHeading(), task->FormatOutputs(outputs));
}

std::vector<std::string> FractionsToWatch() {
  std::vector<std::string> names;
  for (const TaskText* task : kTasks) {
    for (std::string& name : task->FractionsToWatch()) names.push_back(std::move(name));
  }
  return names;
}

void AddPredictOptions(CLI::App& app, v1::PredictOptions* options) {
  for (const TaskText* task : kTasks) task->AddPredictOptions(app, options);
}

absl::Status SetThresholds(const v1::ModelOutputs& model, const Thresholds& thresholds,
                           v1::PredictOptions* options) {
  const TaskText* task = TaskOf(model);
  if (task != nullptr && task->SetThresholds(thresholds, options)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      task == nullptr ? "--threshold: this tool does not know the model's task"
                      : absl::StrCat("--threshold: a model for ", task->name(),
                                     " has none, or only of its labels (LABEL=P)"));
}

absl::Status SetCoverage(const v1::ModelOutputs& model, double coverage,
                         v1::PredictOptions* options) {
  const TaskText* task = TaskOf(model);
  if (task != nullptr && task->SetCoverage(coverage, options)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      task == nullptr ? "--coverage: this tool does not know the model's task"
                      : absl::StrCat("--coverage: a model for ", task->name(),
                                     " says nothing that a coverage could be asked of"));
}

}  // namespace graft::cli
