#include "wire/tasks/catalog.h"

#include "absl/strings/str_cat.h"

#include "wire/tasks/classification.h"

namespace graft {
namespace {

const TaskWire* const kTasks[] = {&ClassificationWire()};

// The fields of the oneofs have the names of the tasks.
template <typename Message>
std::string NameOfCase(int number) {
  if (number == 0) return "";
  return Message::descriptor()->FindFieldByNumber(number)->name();
}

}  // namespace

absl::StatusOr<const TaskWire*> FindTask(absl::string_view name) {
  for (const TaskWire* task : kTasks) {
    if (task->name() == name) return task;
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no task \"", name, "\""));
}

std::string TaskName(const v1::Task& task) {
  return NameOfCase<v1::Task>(static_cast<int>(task.task_case()));
}

std::string TaskName(const v1::DatasetSummary& summary) {
  return NameOfCase<v1::DatasetSummary>(static_cast<int>(summary.summary_case()));
}

absl::StatusOr<v1::DatasetSummary> Summarise(const DatasetManifest& manifest) {
  v1::DatasetSummary summary;
  for (const TaskWire* task : kTasks) {
    if (task->Summarise(manifest, &summary)) return summary;
  }
  return absl::InvalidArgumentError("the dataset is labelled for no task that is known here");
}

v1::Report ReportToProto(const ClassificationReport& report) {
  v1::Report proto;
  *proto.mutable_classification() = ToProto(report);
  return proto;
}

v1::TaskOutput OutputToProto(const std::vector<LabelScore>& output) {
  v1::TaskOutput proto;
  *proto.mutable_classification() = ToProto(output);
  return proto;
}

absl::Status ReadPredictOptions(const v1::PredictOptions& options, PredictRequest* request) {
  return ReadOptions(options.classification(), request);
}

}  // namespace graft
