#include "core/training/fine_tune.h"

#include <algorithm>

#include <ATen/Parallel.h>

#include "absl/strings/str_cat.h"

#include "core/backbones/weights_catalog.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_reader.h"
#include "core/features/feature_cache.h"
#include "core/nn/head.h"
#include "core/nn/torch_error.h"
#include "core/recipes/config_json.h"
#include "core/recipes/validate.h"
#include "core/tasks/classification/options.h"
#include "core/tasks/classification/outputs.h"
#include "core/training/activations.h"
#include "core/training/dataset_images.h"
#include "core/training/model_card.h"
#include "core/training/model_file.h"
#include "core/training/network_under_training.h"
#include "core/training/run_context.h"
#include "core/training/trainer.h"
#include "core/training/warnings.h"

namespace graft {
namespace {

// Tells jobs apart: a checkpoint of one is no use to another.
std::string JobDigest(const ResolvedFineTune& job, const TrainingData& data,
                      const std::string& backbone_digest) {
  return Sha256Hex(absl::StrCat(ConfigToJson(job.config).dump(), "\n", data.dataset_digest, "\n",
                                backbone_digest));
}

ModelDescription Describe(const BackboneWeights& backbone, const HeadSpec& head,
                          const NetworkUnderTraining& network, const TrainingData& data,
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
  description.task = kClassificationTask;
  description.outputs = ToJson(ClassificationOutputs{data.class_names, std::nullopt});
  return description;
}

absl::StatusOr<FineTuneResult> Run(const ResolvedFineTune& job,
                                   const FineTuneEnvironment& environment) {
  if (environment.dataset == nullptr || environment.backbone == nullptr) {
    return absl::InvalidArgumentError("a run needs a dataset and a backbone");
  }
  const BackboneWeights& backbone = *environment.backbone;
  const int threads = std::max(1, environment.threads);
  at::set_num_threads(threads);

  TrainingObserver nobody;
  TrainingObserver& observer = environment.observer != nullptr ? *environment.observer : nobody;
  RunContext context(environment.clock, &observer, environment.desired);
  DatasetImages images(environment.dataset, backbone.input(), threads);
  GRAFT_ASSIGN_OR_RETURN(const TrainingData data, MakeTrainingData(*environment.dataset, job.config,
                                                                   backbone.input(), &images));
  for (const TrainingWarning& warning :
       DataWarnings(Summarise(*environment.dataset, data),
                    job.config.task.As<ClassificationOptions>().class_weighting ==
                        ClassWeighting::kBalanced)) {
    observer.OnWarning(warning);
  }

  const auto classes = static_cast<int64_t>(data.class_names.size());
  GRAFT_ASSIGN_OR_RETURN(
      const std::vector<StageFeatures> stages,
      StageFeaturesOf(backbone.spec(), backbone.input().height, backbone.input().width));
  GRAFT_RETURN_IF_ERROR(InvalidFields(FindNetworkViolations(job.config, stages, classes)));
  GRAFT_ASSIGN_OR_RETURN(const HeadSpec head, HeadFor(job.config, backbone, classes));
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<NetworkUnderTraining> network,
                         NetworkUnderTraining::Create(backbone, head, *job.config.training.seed));
  Activations activations(network.get(), &data, environment.feature_cache, backbone.digest(),
                          *job.config.training.seed, &context);
  Trainer trainer({&job, network.get(), &data, &activations, environment.checkpoints,
                   JobDigest(job, data, backbone.digest()), &context});
  GRAFT_RETURN_IF_ERROR(trainer.Run());

  PhaseStarted evaluate;
  evaluate.phase = "evaluate";
  observer.OnPhaseStarted(evaluate);
  const absl::Duration evaluation_start = context.elapsed();
  FineTuneResult result;
  GRAFT_ASSIGN_OR_RETURN(result.report, data.test.empty()
                                            ? trainer.Evaluate(data.validation, "validation")
                                            : trainer.Evaluate(data.test, "test"));
  result.description = Describe(backbone, head, *network, data, trainer.first_changed_stage());
  GRAFT_RETURN_IF_ERROR(ValidateModelDescription(result.description));
  GRAFT_RETURN_IF_ERROR(ClassificationOutputsOf(result.description).status());
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
  card.report = result.report;
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
