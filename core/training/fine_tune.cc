#include "core/training/fine_tune.h"

#include <algorithm>

#include <ATen/Parallel.h>

#include "absl/strings/str_cat.h"

#include "core/backbones/weights_catalog.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_reader.h"
#include "core/features/feature_cache.h"
#include "core/nn/devices.h"
#include "core/nn/torch_error.h"
#include "core/recipes/config_json.h"
#include "core/recipes/validate.h"
#include "core/tasks/task.h"
#include "core/training/data/activations.h"
#include "core/training/data/data_warnings.h"
#include "core/training/data/dataset_examples.h"
#include "core/training/loop/run_context.h"
#include "core/training/loop/trainer.h"
#include "core/training/network/network_under_training.h"
#include "core/training/report/model_card.h"
#include "core/training/report/model_file.h"

namespace graft {
namespace {

// Tells jobs apart: a checkpoint of one is no use to another.
std::string JobDigest(const ResolvedFineTune& job, const Task& task, const TrainingData& data,
                      const std::string& backbone_digest) {
  return Sha256Hex(absl::StrCat(ConfigToJson(job.config).dump(), "\n", task.name(), "\n",
                                data.dataset_digest, "\n", backbone_digest));
}

SplitOptions SplitOf(const FineTuneConfig& config) {
  SplitOptions split;
  split.validation_fraction = config.data.validation_fraction.value_or(0);
  split.test_fraction = config.data.test_fraction.value_or(0);
  split.seed = config.training.seed.value_or(0);
  return split;
}

ModelDescription Describe(const BackboneWeights& backbone, const HeadSpec& head,
                          const NetworkUnderTraining& network, const Task& task,
                          int first_changed) {
  ModelDescription description;
  description.backbone = backbone.id();
  description.backbone_digest = backbone.digest();
  description.cut_point = network.stage_name(network.stages() - 1);
  for (int stage = first_changed; stage < network.stages(); ++stage) {
    description.changed_stages.push_back(network.stage_name(stage));
  }
  description.head = head;
  description.input = backbone.input();
  description.task = std::string(task.name());
  description.outputs = task.OutputsJson();
  return description;
}

absl::StatusOr<FineTuneResult> Run(const ResolvedFineTune& job,
                                   const FineTuneEnvironment& environment) {
  if (environment.dataset == nullptr || environment.task == nullptr ||
      environment.backbone == nullptr) {
    return absl::InvalidArgumentError("a run needs a dataset, a task and a backbone");
  }
  GRAFT_ASSIGN_OR_RETURN(const at::Device device, FindDevice(environment.device));
  Task& task = *environment.task;
  if (task.targets().size(0) != environment.dataset->size()) {
    return absl::InvalidArgumentError("the task was made for another dataset");
  }
  const BackboneWeights& backbone = *environment.backbone;
  const int threads = std::max(1, environment.threads);
  at::set_num_threads(threads);

  TrainingObserver nobody;
  TrainingObserver& observer = environment.observer != nullptr ? *environment.observer : nobody;
  RunContext context(environment.clock, &observer, environment.desired);
  DatasetExamples examples(environment.dataset, InputFor(backbone.input()), threads);
  GRAFT_ASSIGN_OR_RETURN(const TrainingData data, MakeTrainingData(&examples, SplitOf(job.config)));
  GRAFT_RETURN_IF_ERROR(task.LearnFrom(data.train));
  std::vector<TrainingWarning> warnings = task.Warnings(data.train, data.validation);
  for (TrainingWarning& warning :
       PartsWarnings(SummariseParts(environment.dataset->manifest(), data))) {
    warnings.push_back(std::move(warning));
  }
  for (const TrainingWarning& warning : warnings) observer.OnWarning(warning);

  GRAFT_RETURN_IF_ERROR(
      InvalidFields(FindNetworkViolations(job.config, backbone.spec().feature_stages)));
  GRAFT_ASSIGN_OR_RETURN(const HeadSpec head, HeadFor(job.config, backbone, task.outputs()));
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<NetworkUnderTraining> network,
                         NetworkUnderTraining::Create(backbone, head, *job.config.training.seed,
                                                      {device, at::kFloat}));
  Activations activations(network.get(), &data, environment.feature_cache, backbone.digest(),
                          *job.config.training.seed, &context);
  Trainer trainer({&job, network.get(), &task, &data, &activations, environment.checkpoints,
                   JobDigest(job, task, data, backbone.digest()), &context});
  GRAFT_RETURN_IF_ERROR(trainer.Run());

  PhaseStarted evaluate;
  evaluate.phase = "evaluate";
  observer.OnPhaseStarted(evaluate);
  const absl::Duration evaluation_start = context.elapsed();
  FineTuneResult result;
  GRAFT_ASSIGN_OR_RETURN(result.report, data.test.empty()
                                            ? trainer.Evaluate(data.validation, "validation")
                                            : trainer.Evaluate(data.test, "test"));
  result.description = Describe(backbone, head, *network, task, trainer.first_changed_stage());
  GRAFT_RETURN_IF_ERROR(ValidateModelDescription(result.description));
  GRAFT_ASSIGN_OR_RETURN(
      result.model, SerializeModel(*network, trainer.first_changed_stage(), result.description));
  result.metrics = trainer.state().best.metrics;
  result.best_epoch = trainer.state().best.epoch;
  result.stop_reason = trainer.stopped()         ? StopReason::kStopped
                       : trainer.early_stopped() ? StopReason::kEarlyStopped
                                                 : StopReason::kCompleted;
  result.counters = context.counters;

  ModelCard card;
  card.created = environment.clock->Now();
  card.model = result.description;
  card.licence = backbone.licence();
  card.source = backbone.source();
  card.job = job;
  card.l2 = trainer.l2();
  card.dataset_digest = data.dataset_digest;
  card.train_images = static_cast<int64_t>(data.train.size());
  card.validation_images = static_cast<int64_t>(data.validation.size());
  card.test_images = static_cast<int64_t>(data.test.size());
  card.limits = task.Limits();
  if (result.report.examples > 0) card.report = result.report.card_json;
  card.best_epoch = result.best_epoch;
  card.stop_reason = trainer.stopped()         ? "stopped"
                     : trainer.early_stopped() ? "early_stopped"
                                               : "completed";
  card.metrics = result.metrics;
  card.phase_seconds = trainer.state().phase_seconds;
  card.phase_seconds.emplace_back("evaluate",
                                  absl::ToDoubleSeconds(context.elapsed() - evaluation_start));
  result.card_json = ModelCardToJson(card);

  TrainingProgress progress;
  progress.stage = "evaluate";
  progress.epochs_done = trainer.state().epochs_done;
  progress.epochs_total = job.total_epochs;
  context.FinishWork();
  context.PublishProgress(progress, /*force=*/true);
  context.PublishCounters();
  return result;
}

}  // namespace

absl::StatusOr<FineTuneResult> RunFineTune(const ResolvedFineTune& job,
                                           const FineTuneEnvironment& environment) {
  return CatchTorchErrors("fine-tuning", [&] { return Run(job, environment); });
}

}  // namespace graft
