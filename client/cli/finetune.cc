#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/labels.h"
#include "client/cli/option_flags.h"
#include "client/cli/output.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"
#include "client/lib/request_id.h"
#include "client/lib/status.h"

namespace graft::cli {
namespace {

struct Arguments {
  v1::StartFineTuneRequest request;
  std::string task;
  std::vector<TaskFlag> task_flags;
  bool watch = false;
};

void PrintPlan(const v1::StartFineTuneResponse& response) {
  const v1::CostEstimate& cost = response.estimate();
  std::printf(
      "The request is valid. It would train %s of %s parameters on %s images,\n"
      "with %s images through the backbone at %.2f GFLOP each.\n",
      FormatCount(cost.trainable_parameters()).c_str(), FormatCount(cost.parameters()).c_str(),
      FormatCount(cost.training_images()).c_str(), FormatCount(cost.backbone_forwards()).c_str(),
      cost.forward_gflops());
}

// What to do where it is not known what became of the request, behind the error.
absl::Status WithRequestId(const absl::Status& status, const std::string& request_id) {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status) &&
      !absl::IsCancelled(status)) {
    return status;
  }
  return client::WithMessage(
      status, absl::StrCat(status.message(),
                           "\n  hint: nothing is lost: repeat the command with --request-id ",
                           request_id, "; it makes one job, however often it is sent"));
}

// The one that was asked for, else what the dataset is labelled for.
absl::StatusOr<std::string> TaskToLearn(client::Client& client, const Arguments& arguments) {
  if (!arguments.task.empty()) return arguments.task;
  const auto dataset = client.GetDataset(arguments.request.spec().dataset_id());
  if (!dataset.ok()) return dataset.status();
  const std::string task = TaskName(dataset->summary());
  if (!task.empty()) return task;
  return absl::FailedPreconditionError(
      "this tool does not know what the dataset is labelled for: is it older than the server? "
      "Name the task with --task");
}

absl::Status Run(const Globals& globals, const Arguments& arguments) {
  std::unique_ptr<client::Client> client = globals.Connect();
  v1::StartFineTuneRequest request = arguments.request;
  const absl::StatusOr<std::string> task = TaskToLearn(*client, arguments);
  if (!task.ok()) return task.status();
  SetTask(*task, arguments.task_flags, request.mutable_spec());
  // With an id of its own a request can be sent again until it is answered.
  if (request.request_id().empty()) request.set_request_id(client::NewRequestId());
  const auto response = client->StartFineTune(request);
  if (request.validate_only()) {
    if (!response.ok()) return response.status();
    if (globals.json) {
      PrintJson(*response);
    } else {
      PrintPlan(*response);
    }
    return absl::OkStatus();
  }
  if (!response.ok()) return WithRequestId(response.status(), request.request_id());
  const std::string job_id = PrintableLine(response->job().id());
  if (arguments.watch) {
    if (globals.json) {
      PrintJsonLine(*response);
    } else {
      std::printf("job %s\n", job_id.c_str());
      std::fflush(stdout);
    }
    return WatchToEnd(*client, globals, response->job().id(), 0);
  }
  if (globals.json) {
    PrintJson(*response);
  } else {
    std::printf("job %s is %s; follow it with: graft watch %s\n", job_id.c_str(),
                StateName(response->job().state()).c_str(), job_id.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddFineTuneCommand(CLI::App& app, Globals& globals) {
  CLI::App* const command = app.add_subcommand("finetune", "Start a fine-tuning job");
  auto arguments = std::make_shared<Arguments>();
  v1::StartFineTuneRequest* const request = &arguments->request;
  v1::FineTuneSpec* const spec = request->mutable_spec();

  command
      ->add_option_function<std::string>(
          "--dataset", [=](const std::string& v) { spec->set_dataset_id(v); },
          "Id of an uploaded dataset")
      ->required();
  command
      ->add_option_function<std::string>(
          "--model", [=](const std::string& v) { spec->set_model(v); },
          "Name of the model that gets a new version")
      ->required();
  command->add_option_function<std::string>(
      "--backbone", [=](const std::string& v) { spec->set_backbone(v); },
      "Pretrained network (see: graft backbones)");
  command->add_option("--task", arguments->task,
                      absl::StrCat("What is learnt: ", TaskNames(),
                                   ".\nDefault: what the dataset is labelled for"));
  AddOptionFlags(*command, spec, &arguments->task_flags);
  command->add_option_function<std::string>(
      "--request-id", [=](const std::string& v) { request->set_request_id(v); },
      "Up to 128 characters: sent again with the same id, a request makes one\n"
      "job. Left out, it is made up, and named where no answer comes");
  AddLabelOption(
      *command,
      [=](const std::string& key, const std::string& value) {
        (*request->mutable_labels())[key] = value;
      },
      "key=value, to find the job by; may be given again");
  command->add_flag_callback(
      "--validate-only", [=] { request->set_validate_only(true); },
      "Check the request and say what it would cost, without starting it");
  command->add_flag("--watch", arguments->watch,
                    "Follow the job to its end; with --output json, one line of JSON with the\n"
                    "job, then one for each event");
  command->callback([&globals, arguments] { globals.result = Run(globals, *arguments); });
}

}  // namespace graft::cli
