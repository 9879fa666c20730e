#ifndef GRAFT_CLIENT_CLI_TASKS_TASK_TEXT_H_
#define GRAFT_CLIENT_CLI_TASKS_TASK_TEXT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/string_view.h"
#include "graft/v1/task.pb.h"

namespace graft::cli {

// Probabilities below which a label is no answer.
struct Thresholds {
  std::map<std::string, double> of_labels;
  std::optional<double> of_others;

  bool empty() const { return of_labels.empty() && !of_others.has_value(); }
};

// What the tool shows of one task's messages (graft/v1/task.proto), and asks for. One object a
// task, without state. Callers get at it through client/cli/tasks/catalog.h and never name a task.
class TaskText {
 public:
  virtual ~TaskText() = default;

  // The name of its field in the oneofs of task.proto.
  virtual absl::string_view name() const = 0;

  // For a terminal, and safe for one; ends with a line end.
  virtual std::string FormatReport(const v1::Report& report) const = 0;
  // A table with its heading.
  virtual std::string FormatSummary(const v1::DatasetSummary& summary) const = 0;
  // Cells of a row; not yet safe for a terminal.
  virtual std::vector<std::string> Cells(const v1::TaskOutput& output) const = 0;
  // "cat, dog": what the numbers of a model's head mean, and what to call that ("labels").
  virtual std::string OutputsHeading() const = 0;
  virtual std::string FormatOutputs(const v1::ModelOutputs& outputs) const = 0;

  // Names of figures that are measured after each epoch, as "train_<name>" and "validation_<name>",
  // and are worth a line of `graft watch` as percentages; besides the loss, which all tasks have.
  virtual std::vector<std::string> FractionsToWatch() const = 0;

  // Adds the task's flags of `graft predict`, which set `options` where they are given.
  virtual void AddPredictOptions(CLI::App& app, v1::PredictOptions* options) const = 0;

  // What flags that several tasks have mean for this one, in `options`. False where it has no such
  // thing.
  virtual bool SetThresholds(const Thresholds& thresholds, v1::PredictOptions* options) const = 0;
  virtual bool SetCoverage(double coverage, v1::PredictOptions* options) const = 0;
};

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TASKS_TASK_TEXT_H_
