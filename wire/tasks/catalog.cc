#include "wire/tasks/catalog.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/json_util.h"

#include "core/base/status_macros.h"
#include "wire/tasks/classification.h"
#include "wire/tasks/multilabel.h"
#include "wire/tasks/regression.h"

namespace graft::wire {
namespace {

const TaskWire* const kTasks[] = {&ClassificationWire(), &MultilabelWire(), &RegressionWire()};

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

absl::StatusOr<v1::DatasetSummary> Summarise(const data::DatasetManifest& manifest) {
  v1::DatasetSummary summary;
  for (const TaskWire* task : kTasks) {
    if (task->Summarise(manifest, &summary)) return summary;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("what the pictures show is said by ", data::TargetKindName(manifest.targets),
                   ", and none of the tasks here learns from those: ",
                   absl::StrJoin(kTasks, ", ", [](std::string* out, const TaskWire* task) {
                     absl::StrAppend(out, task->name());
                   })));
}

absl::StatusOr<v1::Report> ReportToProto(absl::string_view task, const tasks::TaskReport& report) {
  v1::Report proto;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      absl::StrCat("{\"", task, "\":", report.json, "}"), &proto);
  if (parsed.ok()) return proto;
  return absl::InternalError(
      absl::StrCat("the report of task ", task, " is not what its message takes"));
}

absl::StatusOr<v1::TaskOutput> OutputToProto(const tasks::TaskOutput& output) {
  GRAFT_ASSIGN_OR_RETURN(const TaskWire* const task, FindTask(output.task()));
  return task->Output(output);
}

absl::StatusOr<FirstAnswer> FirstAnswerOf(const tasks::TaskOutput& output) {
  GRAFT_ASSIGN_OR_RETURN(const TaskWire* const task, FindTask(output.task()));
  return task->First(output);
}

absl::StatusOr<std::shared_ptr<const tasks::DecodeOptions>> ReadPredictOptions(
    const v1::PredictOptions& options) {
  const std::string name = NameOfCase<v1::PredictOptions>(static_cast<int>(options.options_case()));
  if (name.empty()) return nullptr;
  GRAFT_ASSIGN_OR_RETURN(const TaskWire* const task, FindTask(name));
  return task->PredictOptions(options);
}

}  // namespace graft::wire
