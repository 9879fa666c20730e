#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <google/protobuf/generated_enum_reflection.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "client/cli/command.h"
#include "client/cli/labels.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/lib/request_id.h"
#include "client/lib/status.h"

namespace graft::cli {
namespace {

struct Arguments {
  v1::StartFineTuneRequest request;
  bool watch = false;
};

// "top-layers" for STRATEGY_TOP_LAYERS, where `prefix` is "STRATEGY_".
std::string Word(const std::string& name, const std::string& prefix) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(name, prefix)), {{"_", "-"}});
}

// --strategy top-layers and the like: words for an enum whose values begin with `prefix`. The first
// value, "unspecified", is not offered.
template <typename Enum>
void AddEnum(CLI::App& app, const std::string& flag, const std::string& prefix,
             std::function<void(Enum)> set, const std::string& help) {
  std::vector<std::pair<std::string, Enum>> choices;
  const google::protobuf::EnumDescriptor* const values =
      google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 1; i < values->value_count(); ++i) {
    choices.emplace_back(Word(values->value(i)->name(), prefix),
                         static_cast<Enum>(values->value(i)->number()));
  }
  const std::string listed = absl::StrJoin(
      choices, ", ", [](std::string* out, const auto& choice) { out->append(choice.first); });
  app.add_option_function<std::string>(
      flag,
      [=](const std::string& word) {
        for (const auto& [name, value] : choices) {
          if (name == Word(absl::AsciiStrToUpper(word), "")) return set(value);
        }
        throw CLI::ValidationError(flag, absl::StrCat("'", word, "' is none of ", listed));
      },
      absl::StrCat(help, help.empty() ? "" : ": ", listed));
}

template <typename T>
void AddValue(CLI::App& app, const std::string& flag, std::function<void(T)> set,
              const std::string& help) {
  app.add_option_function<T>(
      flag, [set](const T& value) { set(value); }, help);
}

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

absl::Status Run(const Globals& globals, const Arguments& arguments) {
  std::unique_ptr<client::Client> client = globals.Connect();
  v1::StartFineTuneRequest request = arguments.request;
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

void AddTrainingOptions(CLI::App& app, v1::TrainingOptions* training) {
  AddValue<int>(
      app, "--epochs", [=](int v) { training->set_epochs(v); }, "Epochs");
  AddValue<int>(
      app, "--batch-size", [=](int v) { training->set_batch_size(v); }, "Images a step");
  AddValue<double>(
      app, "--learning-rate", [=](double v) { training->set_learning_rate(v); }, "Of the head");
  AddValue<double>(
      app, "--backbone-learning-rate", [=](double v) { training->set_backbone_learning_rate(v); },
      "Of the backbone's trained stages");
  AddValue<double>(
      app, "--weight-decay", [=](double v) { training->set_weight_decay(v); }, "Weight decay");
  AddValue<double>(
      app, "--momentum", [=](double v) { training->set_momentum(v); }, "Momentum of SGD");
  AddValue<double>(
      app, "--warmup-epochs", [=](double v) { training->set_warmup_epochs(v); },
      "Epochs of linear warm-up");
  AddValue<double>(
      app, "--gradient-clip-norm", [=](double v) { training->set_gradient_clip_norm(v); },
      "Largest global gradient norm; 0 is off");
  AddValue<int>(
      app, "--patience", [=](int v) { training->set_early_stopping_patience(v); },
      "Epochs without a better validation loss before stopping; 0 is off");
  AddValue<int>(
      app, "--trainable-stages", [=](int v) { training->set_trainable_stages(v); },
      "top-layers: how many of the backbone's last stages learn");
  AddValue<int>(
      app, "--head-epochs", [=](int v) { training->set_head_epochs(v); },
      "top-layers, full: epochs with only the head before the rest joins");
  AddValue<uint64_t>(
      app, "--seed", [=](uint64_t v) { training->set_seed(v); },
      "The same seed gives the same weights on a CPU");
  AddValue<double>(
      app, "--l2", [=](double v) { training->set_l2(v); },
      "Penalty of the logistic head; left out, it is chosen on the validation part");
  AddEnum<v1::Optimizer>(
      app, "--optimizer", "OPTIMIZER_", [=](v1::Optimizer v) { training->set_optimizer(v); },
      "What takes the steps");
  AddEnum<v1::LearningRateSchedule>(
      app, "--schedule", "LEARNING_RATE_SCHEDULE_",
      [=](v1::LearningRateSchedule v) { training->set_schedule(v); }, "Of the learning rate");
}

void AddTaskOptions(CLI::App& app, v1::ClassificationTask* task) {
  AddEnum<v1::HeadKind>(
      app, "--head", "HEAD_KIND_", [=](v1::HeadKind v) { task->set_head(v); }, "The new layers");
  AddValue<int>(
      app, "--hidden-units", [=](int v) { task->set_hidden_units(v); },
      "Of the mlp and article heads");
  AddValue<double>(
      app, "--dropout", [=](double v) { task->set_dropout(v); }, "Of the mlp and article heads");
  AddValue<double>(
      app, "--label-smoothing", [=](double v) { task->set_label_smoothing(v); }, "In [0, 1)");
  AddEnum<v1::ClassWeighting>(
      app, "--class-weighting", "CLASS_WEIGHTING_",
      [=](v1::ClassWeighting v) { task->set_class_weighting(v); },
      "Weights of the classes in the loss");
}

void AddDataOptions(CLI::App& app, v1::DataOptions* data) {
  AddValue<double>(
      app, "--validation-fraction", [=](double v) { data->set_validation_fraction(v); },
      "Of the images, where the dataset has no validation folder");
  AddValue<double>(
      app, "--test-fraction", [=](double v) { data->set_test_fraction(v); },
      "Of the images, where the dataset has no test folder");
  AddValue<bool>(
      app, "--augment", [=](bool v) { data->set_augment(v); },
      "true or false: random crops, flips and colours");
  AddValue<int>(
      app, "--augmented-views", [=](int v) { data->set_augmented_views(v); },
      "feature-extraction: views of each training image");
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
  AddValue<std::string>(
      *command, "--backbone", [=](const std::string& v) { spec->set_backbone(v); },
      "Pretrained network (see: graft backbones)");
  AddEnum<v1::Strategy>(
      *command, "--strategy", "STRATEGY_", [=](v1::Strategy v) { spec->set_strategy(v); },
      "What learns");
  AddTaskOptions(*command, spec->mutable_task()->mutable_classification());
  AddTrainingOptions(*command, spec->mutable_training());
  AddDataOptions(*command, spec->mutable_data());
  AddValue<std::string>(
      *command, "--request-id", [=](const std::string& v) { request->set_request_id(v); },
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
