#ifndef GRAFT_WIRE_TASKS_CATALOG_H_
#define GRAFT_WIRE_TASKS_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graft/v1/task.pb.h"

#include "core/evaluation/classification_report.h"
#include "core/serving/predictor.h"
#include "wire/tasks/task_wire.h"

// The tasks whose messages are known here. A new task adds a file beside this one and its lines to
// catalog.cc.
namespace graft {

// INVALID_ARGUMENT: no such task.
absl::StatusOr<const TaskWire*> FindTask(absl::string_view name);

// The one whose field is set: "classification"; "" where none is.
std::string TaskName(const v1::Task& task);
std::string TaskName(const v1::DatasetSummary& summary);

// What the examples are labelled for. INVALID_ARGUMENT: for no task that is known here.
absl::StatusOr<v1::DatasetSummary> Summarise(const DatasetManifest& manifest);

v1::Report ReportToProto(const ClassificationReport& report);
v1::TaskOutput OutputToProto(const std::vector<LabelScore>& output);
// INVALID_ARGUMENT with the field's name; `request` gets the defaults of what is not set.
absl::Status ReadPredictOptions(const v1::PredictOptions& options, PredictRequest* request);

}  // namespace graft

#endif  // GRAFT_WIRE_TASKS_CATALOG_H_
