#ifndef GRAFT_WIRE_TASKS_CATALOG_H_
#define GRAFT_WIRE_TASKS_CATALOG_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graft/v1/task.pb.h"

#include "core/tasks/decoder.h"
#include "core/tasks/task_report.h"
#include "wire/tasks/task_wire.h"

// The tasks whose messages are known here. A new task adds a file beside this one and its lines to
// catalog.cc.
namespace graft::wire {

// INVALID_ARGUMENT: no such task.
absl::StatusOr<const TaskWire*> FindTask(absl::string_view name);

// The one whose field is set: "classification"; "" where none is.
std::string TaskName(const v1::Task& task);
std::string TaskName(const v1::DatasetSummary& summary);

// What the examples are labelled for. INVALID_ARGUMENT: for no task that is known here.
absl::StatusOr<v1::DatasetSummary> Summarise(const data::DatasetManifest& manifest);

// `report`: of the task of that name. INTERNAL: its JSON is not what the task's message takes.
absl::StatusOr<v1::Report> ReportToProto(absl::string_view task, const tasks::TaskReport& report);
// INVALID_ARGUMENT: of a task that is not known here.
absl::StatusOr<v1::TaskOutput> OutputToProto(const tasks::TaskOutput& output);
absl::StatusOr<FirstAnswer> FirstAnswerOf(const tasks::TaskOutput& output);
// Null where none are given. INVALID_ARGUMENT with the field's name.
absl::StatusOr<std::shared_ptr<const tasks::DecodeOptions>> ReadPredictOptions(
    const v1::PredictOptions& options);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_CATALOG_H_
