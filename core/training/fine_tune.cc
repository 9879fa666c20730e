#include "core/training/fine_tune.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <ATen/Parallel.h>

#include "absl/strings/str_cat.h"

#include "core/backbones/weights_catalog.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_reader.h"
#include "core/features/feature_cache.h"
#include "core/nn/devices.h"
#include "core/nn/head.h"
#include "core/nn/network_spec.h"
#include "core/nn/torch_error.h"
#include "core/recipes/config_json.h"
#include "core/recipes/framings.h"
#include "core/recipes/promise.h"
#include "core/recipes/strategies.h"
#include "core/recipes/validate.h"
#include "core/tasks/task.h"
#include "core/training/convex/linear_head.h"
#include "core/training/data/activations.h"
#include "core/training/data/data_warnings.h"
#include "core/training/data/dataset_examples.h"
#include "core/training/drift_fitter.h"
#include "core/training/framing_search.h"
#include "core/training/loop/head_problem.h"
#include "core/training/loop/run_context.h"
#include "core/training/loop/trainer.h"
#include "core/training/network/network_under_training.h"
#include "core/training/novelty_fitter.h"
#include "core/training/precision_prover.h"
#include "core/training/report/model_card.h"
#include "core/training/report/model_file.h"

namespace graft::training {
namespace {

// Tells jobs apart: a checkpoint of one is no use to another.
std::string JobDigest(const recipes::ResolvedFineTune& job, const tasks::Task& task,
                      const TrainingData& data, const backbones::BackboneWeights& backbone,
                      model::Framing framing) {
  // A framing that was chosen is in no option.
  const absl::string_view chosen =
      framing == backbone.input().framing ? "" : model::FramingName(framing);
  return Sha256Hex(absl::StrCat(recipes::ConfigToJson(job.config).dump(), "\n", task.name(), "\n",
                                data.dataset_digest, "\n", backbone.digest(), chosen));
}

data::SplitOptions SplitOf(const recipes::FineTuneConfig& config) {
  data::SplitOptions split;
  split.validation_fraction = config.data.validation_fraction.value_or(0);
  split.test_fraction = config.data.test_fraction.value_or(0);
  split.seed = config.training.seed.value_or(0);
  return split;
}

model::ModelDescription Describe(const backbones::BackboneWeights& backbone,
                                 const model::InputSpec& input, const model::HeadSpec& head,
                                 const NetworkUnderTraining& network, const tasks::Task& task,
                                 int first_changed) {
  model::ModelDescription description;
  description.backbone = backbone.id();
  description.backbone_digest = backbone.digest();
  description.cut_point = network.stage_name(network.stages() - 1);
  for (int stage = first_changed; stage < network.stages(); ++stage) {
    description.changed_stages.push_back(network.stage_name(stage));
  }
  description.head = head;
  description.input = input;
  description.task = std::string(task.name());
  description.outputs = task.OutputsJson();
  return description;
}

BackboneStart StartOf(const recipes::FineTuneConfig& config) {
  return recipes::StrategyOf(*config.strategy).draws_weights ? BackboneStart::kDrawn
                                                             : BackboneStart::kPretrained;
}

// The framing that is asked for. Where none is, or AUTO: the backbone's own, until they are
// compared.
model::Framing AskedFraming(const recipes::FineTuneConfig& config, model::Framing published) {
  switch (config.data.framing.value_or(recipes::FramingChoice::kAuto)) {
    case recipes::FramingChoice::kCentreCrop:
      return model::Framing::kCentreCrop;
    case recipes::FramingChoice::kSqueeze:
      return model::Framing::kSqueeze;
    case recipes::FramingChoice::kLetterbox:
      return model::Framing::kLetterbox;
    case recipes::FramingChoice::kAuto:
      break;
  }
  return published;
}

// Empty: the fastest that is good enough.
std::optional<model::Precision> AskedPrecision(const recipes::FineTuneConfig& config) {
  switch (config.publish.precision.value_or(recipes::PrecisionChoice::kAuto)) {
    case recipes::PrecisionChoice::kF32:
      return model::Precision::kF32;
    case recipes::PrecisionChoice::kBf16:
      return model::Precision::kBf16;
    case recipes::PrecisionChoice::kInt8:
      return model::Precision::kInt8;
    case recipes::PrecisionChoice::kAuto:
      break;
  }
  return std::nullopt;
}

// The framing under which a linear head on the plain training images does best. A function of the
// job and its data: a run that is taken up again chooses alike, from features that are cached.
absl::StatusOr<model::Framing> ChooseFraming(const recipes::ResolvedFineTune& job,
                                             const FineTuneEnvironment& environment, int threads,
                                             NetworkUnderTraining* network, RunContext* context) {
  const backbones::BackboneWeights& backbone = *environment.backbone;
  const tasks::Task& task = *environment.task;
  if (task.convex_loss() == nullptr) {
    if (!job.config.data.framing.has_value()) return backbone.input().framing;
    return absl::InvalidArgumentError(
        "data.framing: AUTO is judged by a linear fit, which this task has none of");
  }
  PhaseStarted started;
  started.phase = "framing";
  context->observer().OnPhaseStarted(started);
  const auto images = static_cast<double>(environment.dataset->size());
  const std::vector<model::Framing> framings = FramingsToTry(backbone.input().framing);
  context->AddWorkBefore(static_cast<double>(framings.size()) * images);
  // What follows says better how much it is: a guess until then.
  context->SetTotalWork(images);
  const auto judge = [&](model::Framing framing) -> absl::StatusOr<double> {
    model::InputSpec input = backbone.input();
    input.framing = framing;
    DatasetExamples examples(environment.dataset, inputs::InputFor(input), threads);
    GRAFT_ASSIGN_OR_RETURN(const TrainingData data,
                           MakeTrainingData(&examples, SplitOf(job.config)));
    Activations activations(network, &data, environment.feature_cache, backbone.digest(),
                            *job.config.training.seed, context);
    const int stage = network->stages();
    for (const recipes::CutPlan& plan : activations.Plan({stage}, 0)) {
      GRAFT_RETURN_IF_ERROR(activations.Prepare(plan));
    }
    if (!activations.Has(stage, 0)) {
      return absl::ResourceExhaustedError(
          "the features fit neither into the feature cache nor into memory, and comparing framings "
          "needs them: enlarge the cache, or ask for a data.framing");
    }
    PenaltySearchHooks hooks;
    hooks.poll = [context] { return context->PollButForStop(); };
    LinearHeadProblem problem = HeadProblemOf(task, data, activations, stage, /*views=*/0);
    problem.l2 = job.config.training.l2;
    problem.search = PlanPenaltySearch(problem.plain_rows, problem.features.size(1), task.outputs(),
                                       static_cast<int64_t>(data.validation.size()));
    return JudgeLinearHead(problem, hooks);
  };
  GRAFT_ASSIGN_OR_RETURN(const std::vector<JudgedFraming> judged, JudgeFramings(framings, judge));
  context->observer().OnLog(absl::StrCat("framing: ", DescribeFramings(judged)));
  return BestFraming(judged);
}

absl::StatusOr<FineTuneResult> Run(const recipes::ResolvedFineTune& job,
                                   const FineTuneEnvironment& environment) {
  if (environment.dataset == nullptr || environment.task == nullptr ||
      environment.backbone == nullptr) {
    return absl::InvalidArgumentError("a run needs a dataset, a task and a backbone");
  }
  GRAFT_ASSIGN_OR_RETURN(const at::Device device, nn::FindDevice(environment.device));
  tasks::Task& task = *environment.task;
  if (task.targets().size(0) != environment.dataset->size()) {
    return absl::InvalidArgumentError("the task was made for another dataset");
  }
  const backbones::BackboneWeights& backbone = *environment.backbone;
  const int threads = std::max(1, environment.threads);
  at::set_num_threads(threads);

  TrainingObserver nobody;
  TrainingObserver& observer = environment.observer != nullptr ? *environment.observer : nobody;
  RunContext context(environment.clock, &observer, environment.desired);
  const std::optional<model::Precision> precision = AskedPrecision(job.config);
  if (environment.precision != nullptr) {
    context.AddWorkAfter(static_cast<double>(environment.precision->Forwards(precision)));
  }
  model::InputSpec input = backbone.input();
  input.framing = AskedFraming(job.config, input.framing);
  std::optional<DatasetExamples> examples(std::in_place, environment.dataset,
                                          inputs::InputFor(input), threads);
  GRAFT_ASSIGN_OR_RETURN(TrainingData data, MakeTrainingData(&*examples, SplitOf(job.config)));
  if (environment.novelty != nullptr) {
    context.AddWorkAfter(static_cast<double>(environment.novelty->Forwards(data)));
  }
  if (environment.drift != nullptr) {
    context.AddWorkAfter(static_cast<double>(environment.drift->Forwards(data)));
  }
  GRAFT_RETURN_IF_ERROR(task.LearnFrom(data.train));
  std::vector<tasks::TrainingWarning> warnings = task.Warnings(data.train, data.validation);
  for (tasks::TrainingWarning& warning :
       PartsWarnings(SummariseParts(environment.dataset->manifest(), data))) {
    warnings.push_back(std::move(warning));
  }
  for (const tasks::TrainingWarning& warning : warnings) observer.OnWarning(warning);

  GRAFT_ASSIGN_OR_RETURN(
      const std::vector<model::StageFeatures> stages,
      nn::StageFeaturesOf(backbone.spec(), backbone.input().height, backbone.input().width));
  GRAFT_RETURN_IF_ERROR(
      InvalidFields(recipes::FindNetworkViolations(job.config, stages, task.outputs())));
  const model::HeadSpec head = recipes::HeadSpecOf(job.config, stages, task.outputs());
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<NetworkUnderTraining> network,
                         NetworkUnderTraining::Create(backbone, head, *job.config.training.seed,
                                                      {device, at::kFloat}, StartOf(job.config)));
  GRAFT_ASSIGN_OR_RETURN(const int64_t flops, nn::CountFlops(backbone.spec(), 0, network->stages(),
                                                             input.height, input.width));
  if (recipes::ComparesFramings(job.config, environment.dataset->size(),
                                static_cast<double>(flops) / 1e9)) {
    GRAFT_ASSIGN_OR_RETURN(input.framing,
                           ChooseFraming(job, environment, threads, network.get(), &context));
    examples.emplace(environment.dataset, inputs::InputFor(input), threads);
    GRAFT_ASSIGN_OR_RETURN(data, MakeTrainingData(&*examples, SplitOf(job.config)));
  }
  Activations activations(network.get(), &data, environment.feature_cache, backbone.digest(),
                          *job.config.training.seed, &context);
  Trainer trainer(
      {&job, network.get(), &task, &data, &activations, environment.checkpoints,
       JobDigest(job, task, data, backbone, input.framing), &context,
       static_cast<double>(flops) / 1e9,
       device.is_cpu() ? recipes::kCpuTuningGflops : recipes::kAcceleratorTuningGflops});
  GRAFT_RETURN_IF_ERROR(trainer.Run());

  PhaseStarted evaluate;
  evaluate.phase = "evaluate";
  observer.OnPhaseStarted(evaluate);
  const absl::Duration evaluation_start = context.elapsed();
  FineTuneResult result;
  GRAFT_ASSIGN_OR_RETURN(result.report, data.test.empty()
                                            ? trainer.Evaluate(data.validation, "validation")
                                            : trainer.Evaluate(data.test, "test"));
  result.description =
      Describe(backbone, input, head, *network, task, trainer.first_changed_stage());
  GRAFT_RETURN_IF_ERROR(model::ValidateModelDescription(result.description));
  GRAFT_ASSIGN_OR_RETURN(result.model, SerializeModel(*network, trainer.first_changed_stage(),
                                                      result.description, nullptr));
  TrainedModel trained;
  trained.description = &result.description;
  trained.file = result.model;
  trained.backbone = environment.backbone;
  trained.task = &task;
  trained.data = &data;
  trained.seed = *job.config.training.seed;
  const absl::Duration precision_start = context.elapsed();
  if (environment.precision != nullptr) {
    PhaseStarted prove;
    prove.phase = kPrecisionPhase;
    observer.OnPhaseStarted(prove);
    GRAFT_ASSIGN_OR_RETURN(result.description.precision,
                           environment.precision->Prove(trained, precision, &context));
    observer.OnLog(
        absl::StrCat("precision: ", model::PrecisionName(result.description.precision->chosen),
                     " (", result.description.precision->reason, ")"));
  }
  const absl::Duration novelty_start = context.elapsed();
  std::optional<novelty::Fit> known;
  if (environment.novelty != nullptr) {
    PhaseStarted fit;
    fit.phase = kNoveltyPhase;
    observer.OnPhaseStarted(fit);
    GRAFT_ASSIGN_OR_RETURN(known, environment.novelty->FitTo(trained, &context));
  }
  const absl::Duration drift_start = context.elapsed();
  if (environment.drift != nullptr) {
    PhaseStarted fit;
    fit.phase = kDriftPhase;
    observer.OnPhaseStarted(fit);
    GRAFT_ASSIGN_OR_RETURN(result.description.drift, environment.drift->FitTo(trained, &context));
  }
  // Not before the last of them is done: the file that they load has no rows for it.
  if (known.has_value()) result.description.novelty = known->record;
  // Once more, with what was found out since; a large model is not held twice.
  trained.file = {};
  result.model = {};
  GRAFT_ASSIGN_OR_RETURN(result.model,
                         SerializeModel(*network, trainer.first_changed_stage(), result.description,
                                        known.has_value() ? &known->training : nullptr));
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
  card.tuned_share = trainer.tuned_share();
  card.decision = trainer.decision();
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
                                  absl::ToDoubleSeconds(precision_start - evaluation_start));
  if (environment.precision != nullptr) {
    card.phase_seconds.emplace_back(kPrecisionPhase,
                                    absl::ToDoubleSeconds(novelty_start - precision_start));
  }
  if (environment.novelty != nullptr) {
    card.phase_seconds.emplace_back(kNoveltyPhase,
                                    absl::ToDoubleSeconds(drift_start - novelty_start));
  }
  if (environment.drift != nullptr) {
    card.phase_seconds.emplace_back(kDriftPhase,
                                    absl::ToDoubleSeconds(context.elapsed() - drift_start));
  }
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

absl::StatusOr<FineTuneResult> RunFineTune(const recipes::ResolvedFineTune& job,
                                           const FineTuneEnvironment& environment) {
  return nn::CatchTorchErrors("fine-tuning", [&] { return Run(job, environment); });
}

}  // namespace graft::training
