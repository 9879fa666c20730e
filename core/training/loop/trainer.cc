#include "core/training/loop/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/random.h"
#include "core/data/sampler.h"
#include "core/nn/placement.h"
#include "core/nn/torch_error.h"

namespace graft::training {
namespace {

std::string Where(const recipes::PhaseSpec& phase, int epoch) {
  return absl::StrCat("phase \"", phase.name, "\", epoch ", epoch);
}

}  // namespace

Trainer::Trainer(Inputs inputs) : in_(std::move(inputs)), config_(in_.job->config) {}

int Trainer::FirstStage(const recipes::PhaseSpec& phase) const {
  const int stages = in_.network->stages();
  if (phase.trainable_stages == recipes::kAllStages) return 0;
  return std::max(0, stages - phase.trainable_stages);
}

int Trainer::first_changed_stage() const {
  if (state_.best.epoch == 0) return in_.network->stages();
  return FirstStage(in_.job->phases[state_.best.phase]);
}

TensorMap Trainer::Tensors(int first) const {
  TensorMap tensors;
  for (int stage = first; stage <= in_.network->stages(); ++stage) {
    for (const TrainedTensor& tensor : in_.network->tensors(stage)) {
      tensors.emplace(tensor.name, tensor.tensor.detach());
    }
  }
  return tensors;
}

TensorMap Trainer::Snapshot(int first) const {
  TensorMap snapshot = Tensors(first);
  for (auto& [name, tensor] : snapshot) tensor = tensor.clone();
  return snapshot;
}

void Trainer::Load(const TensorMap& tensors) {
  const at::NoGradGuard no_grad;
  for (int stage = 0; stage <= in_.network->stages(); ++stage) {
    for (const TrainedTensor& tensor : in_.network->tensors(stage)) {
      const auto found = tensors.find(tensor.name);
      if (found != tensors.end()) at::Tensor(tensor.tensor).copy_(found->second);
    }
  }
}

void Trainer::RestoreBest() {
  if (state_.best.epoch == 0) return;
  // Its phase may have trained fewer stages than later ones: those go back to where they were.
  Load(pristine_);
  Load(state_.best.tensors);
}

void Trainer::AddPhaseSeconds(const std::string& phase) {
  const absl::Duration now = in_.context->elapsed();
  const double time = absl::ToDoubleSeconds(now - clocked_);
  clocked_ = now;
  for (auto& [name, seconds] : state_.phase_seconds) {
    if (name != phase) continue;
    seconds += time;
    return;
  }
  state_.phase_seconds.emplace_back(phase, time);
}

void Trainer::Progress(const recipes::PhaseSpec& phase, int64_t steps_done, int64_t steps_total,
                       bool force) {
  TrainingProgress progress;
  progress.stage = phase.name;
  progress.epochs_done = state_.epochs_done;
  progress.epochs_total = in_.job->total_epochs;
  progress.steps_done = steps_done;
  progress.steps_total = steps_total;
  in_.context->PublishProgress(progress, force);
}

absl::Status Trainer::Run() {
  try {
    // Of later phases too: the best epoch may be of an earlier one.
    int lowest = in_.network->stages();
    for (const recipes::PhaseSpec& phase : in_.job->phases)
      lowest = std::min(lowest, FirstStage(phase));
    for (int stage = lowest; stage < in_.network->stages(); ++stage) {
      for (const TrainedTensor& tensor : in_.network->tensors(stage)) {
        pristine_.emplace(tensor.name, tensor.tensor.detach().clone());
      }
    }
    // The features are of the pretrained network. Stages below the lowest trained one never
    // change; those above may hold a checkpoint's weights only after the features are there.
    const TensorMap fresh = Snapshot(lowest);
    GRAFT_RETURN_IF_ERROR(Resume());
    const TensorMap resumed = Snapshot(lowest);
    Load(fresh);
    GRAFT_RETURN_IF_ERROR(HeedStop(PrepareAndTrain(resumed)));
    // Training is over: a stop that comes only now changes nothing.
    in_.context->HeedStop();
    GRAFT_RETURN_IF_ERROR(AverageWeights());
    ChooseWhatToKeep();
    RestoreBest();
    return Calibrate();
  } catch (const std::exception& e) {
    return nn::TorchErrorStatus("training", e);
  }
}

absl::Status Trainer::PrepareAndTrain(const TensorMap& resumed) {
  if (state_.best.epoch > 0) GRAFT_RETURN_IF_ERROR(in_.context->Poll());
  GRAFT_RETURN_IF_ERROR(Prepare());
  Load(resumed);
  while (state_.phase < static_cast<int>(in_.job->phases.size())) {
    if (IsToBeRun(state_.phase)) {
      GRAFT_RETURN_IF_ERROR(RunPhase(in_.job->phases[state_.phase]));
    } else {
      LeaveOut(in_.job->phases[state_.phase]);
    }
  }
  return absl::OkStatus();
}

absl::Status Trainer::HeedStop(const absl::Status& status) {
  if (!IsStopped(status)) return status;
  if (state_.best.epoch == 0) {
    in_.context->observer().OnLog("stopped before its first epoch ended: there is nothing to keep");
    return status;
  }
  in_.context->observer().OnLog(
      absl::StrCat("stopped: the best so far is kept, of epoch ", state_.best.epoch));
  in_.context->HeedStop();
  stopped_ = true;
  return absl::OkStatus();
}

absl::Status Trainer::RunPhase(const recipes::PhaseSpec& phase) {
  const int first = FirstStage(phase);
  if (state_.epoch_in_phase == 0) {
    state_.early_stopping = EarlyStopping{config_.training.early_stopping_patience.value_or(0)};
    overfitting_.StartPhase();
    state_.plateau = {};
  }
  in_.network->SetMode(first, /*training=*/true, phase.batch_norm);
  PhaseStarted started;
  started.phase = phase.name;
  started.epochs = phase.epochs;
  started.trainable_stages = in_.network->stages() - first;
  for (int stage = first; stage <= in_.network->stages(); ++stage) {
    for (const TrainedTensor& tensor : in_.network->tensors(stage)) {
      if (tensor.is_parameter) started.trainable_parameters += tensor.tensor.numel();
    }
  }
  in_.context->observer().OnPhaseStarted(started);

  clocked_ = in_.context->elapsed();
  if (phase.is_solved()) {
    GRAFT_RETURN_IF_ERROR(RunSolvedPhase(phase));
  } else {
    GRAFT_RETURN_IF_ERROR(RunGradientPhase(phase, first));
  }
  AddPhaseSeconds(phase.name);
  in_.context->AddEarlierWork(std::max(0, phase.epochs - state_.epoch_in_phase) * EpochWork(phase));
  early_stopped_ = state_.early_stopping.ShouldStop() && state_.epoch_in_phase < phase.epochs;
  RestoreBest();
  if (first == in_.network->stages()) state_.before_tuning = state_.best;
  ++state_.phase;
  state_.epoch_in_phase = 0;
  state_.optimizer.clear();
  state_.average.clear();
  return absl::OkStatus();
}

std::vector<std::vector<Sample>> Trainer::EpochBatches(const recipes::PhaseSpec& phase) const {
  const int epoch = state_.epochs_done + 1;
  const std::vector<int> order =
      data::EpochOrder(static_cast<int>(in_.data->train.size()), *config_.training.seed, epoch);
  const bool kept = TrainsOnKept(phase);
  const auto views = static_cast<uint64_t>(std::max(KeptAt(FirstStage(phase)), 1));
  const auto batch_size = static_cast<size_t>(*config_.training.batch_size);
  std::vector<std::vector<Sample>> batches;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i % batch_size == 0) batches.emplace_back();
    const int64_t entry = in_.data->train[order[i]];
    int view = 0;
    if (config_.data.augment.value_or(false)) {
      // Of the views that are kept, one by lot; else one that no other epoch has.
      data::Random random = data::Random::For(
          {*config_.training.seed, static_cast<uint64_t>(epoch), static_cast<uint64_t>(entry)});
      view = kept ? static_cast<int>(random.Below(views)) : epoch;
    }
    batches.back().push_back({entry, view});
  }
  // One image has no batch statistics.
  if (phase.batch_norm == recipes::BatchNormMode::kBatchStatistics && batches.size() > 1 &&
      batches.back().size() == 1) {
    batches.pop_back();
  }
  return batches;
}

absl::Status Trainer::TrainEpoch(const recipes::PhaseSpec& phase, int first,
                                 PhaseOptimizer& optimizer, EpochMetrics& metrics) {
  const int stages = in_.network->stages();
  const std::vector<std::vector<Sample>> batches = EpochBatches(phase);
  const auto steps = static_cast<int64_t>(batches.size());
  Schedule schedule;
  schedule.kind = phase.schedule;
  schedule.total_steps = steps * phase.epochs;
  schedule.warmup_steps = std::min<int64_t>(
      schedule.total_steps, std::llround(phase.warmup_epochs * static_cast<double>(steps)));
  schedule.drop_steps = steps * config_.training.schedule_epochs.value_or(1);
  schedule.drop = config_.training.schedule_factor.value_or(1);
  // Dropout draws from the process's generator.
  at::manual_seed(
      data::Random::For({*config_.training.seed, static_cast<uint64_t>(state_.epochs_done + 1)})
          .Next());
  in_.network->SetMode(first, /*training=*/true, phase.batch_norm);
  std::unique_ptr<SampleStream> stream = in_.activations->Open(first, batches);

  const double work = EpochWork(phase) * static_cast<double>(in_.data->train.size()) /
                      static_cast<double>(in_.data->train.size() + in_.data->validation.size());
  const absl::Duration start = in_.context->elapsed();
  const std::unique_ptr<tasks::Meter> meter = in_.task->NewTrainingMeter();
  double loss_sum = 0;
  int64_t images = 0;
  for (int64_t i = 0; i < steps; ++i) {
    GRAFT_RETURN_IF_ERROR(in_.context->Poll());
    const absl::Duration step_start = in_.context->elapsed();
    const int64_t step = state_.epoch_in_phase * steps + i;
    const double factor = schedule.Factor(step) * state_.plateau.factor;
    metrics.head_learning_rate = factor * phase.head_learning_rate;
    metrics.backbone_learning_rate = first < stages ? factor * phase.backbone_learning_rate : 0;
    optimizer.SetLearningRates(metrics.head_learning_rate, metrics.backbone_learning_rate);

    std::vector<int64_t> entries;
    for (const Sample& sample : batches[i]) entries.push_back(sample.entry);
    const at::Tensor targets = in_.task->TargetsOf(entries);
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor x, stream->Next());
    GRAFT_ASSIGN_OR_RETURN(const BatchOutcome batch, Gradients(x, targets, first, optimizer));
    if (!std::isfinite(batch.loss)) {
      return absl::FailedPreconditionError(
          absl::StrCat("training diverged: the loss is not a finite number in ",
                       Where(phase, state_.epochs_done + 1), ", step ", i + 1, " of ", steps,
                       "; lower the learning rate, or set gradient_clip_norm or warmup_epochs"));
    }
    if (*config_.training.gradient_clip_norm > 0) {
      GRAFT_RETURN_IF_ERROR(
          Annotate(optimizer.ClipGradients(*config_.training.gradient_clip_norm).status(),
                   Where(phase, state_.epochs_done + 1)));
    }
    optimizer.Step();
    MoveAverage(first, step);

    const auto size = static_cast<int64_t>(entries.size());
    loss_sum += batch.loss * static_cast<double>(size);
    meter->Add(batch.outputs, targets);
    images += size;
    in_.context->counters.training_images += size;
    in_.context->AddWork(work / static_cast<double>(steps));
    in_.context->PublishCounters();
    in_.context->observer().OnStep(in_.context->elapsed() - step_start);
    Progress(phase, i + 1, steps, /*force=*/false);
  }
  const double seconds = absl::ToDoubleSeconds(in_.context->elapsed() - start);
  metrics.train = {{tasks::kLossFigure, loss_sum / static_cast<double>(images)}};
  for (const auto& figure : meter->Read()) metrics.train.push_back(figure);
  metrics.images_per_second = seconds > 0 ? static_cast<double>(images) / seconds : 0;
  return absl::OkStatus();
}

absl::Status Trainer::RunGradientPhase(const recipes::PhaseSpec& phase, int first) {
  OptimizerOptions options;
  options.kind = phase.optimizer;
  options.weight_decay = *config_.training.weight_decay;
  options.momentum = config_.training.momentum.value_or(0);
  std::vector<TrainedTensor> backbone;
  for (int stage = first; stage < in_.network->stages(); ++stage) {
    const int below_the_last = in_.network->stages() - 1 - stage;
    for (TrainedTensor& tensor : in_.network->tensors(stage)) {
      tensor.rate = std::pow(config_.training.layer_decay.value_or(1), below_the_last);
      backbone.push_back(std::move(tensor));
    }
  }
  PhaseOptimizer optimizer(options, in_.network->tensors(in_.network->stages()), backbone);
  GRAFT_RETURN_IF_ERROR(optimizer.Restore(state_.optimizer));
  if (*config_.training.ema_decay > 0 && state_.average.empty()) state_.average = Snapshot(first);
  while (state_.epoch_in_phase < phase.epochs && !state_.early_stopping.ShouldStop()) {
    const absl::Duration start = in_.context->elapsed();
    EpochMetrics metrics;
    metrics.phase = phase.name;
    GRAFT_RETURN_IF_ERROR(TrainEpoch(phase, first, optimizer, metrics));
    GRAFT_RETURN_IF_ERROR(EndEpoch(phase, first, start, optimizer, metrics));
  }
  return absl::OkStatus();
}

absl::Status Trainer::EndEpoch(const recipes::PhaseSpec& phase, int first, absl::Duration start,
                               const PhaseOptimizer& optimizer, EpochMetrics& metrics) {
  ++state_.epochs_done;
  ++state_.epoch_in_phase;
  metrics.epoch = state_.epochs_done;
  metrics.best = true;  // without validation the last is the best
  // The averages are what is judged and kept as the best; training goes on from the weights.
  TensorMap weights;
  if (!state_.average.empty()) {
    weights = Snapshot(first);
    Load(state_.average);
  }
  double cost = std::numeric_limits<double>::infinity();
  if (!in_.data->validation.empty()) {
    GRAFT_ASSIGN_OR_RETURN(metrics.validation, Validate(first));
    cost = in_.task->Cost(metrics.validation);
    metrics.best = cost < state_.best.cost;
    state_.early_stopping.Observe(cost);
    if (phase.schedule == recipes::ScheduleKind::kPlateau) {
      state_.plateau.Observe(cost, *config_.training.schedule_epochs,
                             *config_.training.schedule_factor);
    }
  }
  metrics.seconds = absl::ToDoubleSeconds(in_.context->elapsed() - start);
  if (metrics.best) {
    state_.best.epoch = state_.epochs_done;
    state_.best.phase = state_.phase;
    state_.best.cost = cost;
    state_.best.metrics = metrics.Named();
    state_.best.tensors = Snapshot(first);
  }
  Load(weights);
  const double share = static_cast<double>(in_.data->validation.size()) /
                       static_cast<double>(in_.data->train.size() + in_.data->validation.size());
  in_.context->AddWork(EpochWork(phase) * share);
  in_.context->PublishCounters();
  in_.context->observer().OnEpoch(metrics);
  for (const tasks::TrainingWarning& warning : overfitting_.Observe(metrics)) {
    in_.context->observer().OnWarning(warning);
  }
  state_.overfitting = overfitting_.state();
  AddPhaseSeconds(phase.name);
  Progress(phase, 0, 0, /*force=*/true);
  return SaveCheckpoint(first, &optimizer, metrics.best);
}

absl::Status Trainer::SaveCheckpoint(int first, const PhaseOptimizer* optimizer, bool best) {
  if (in_.checkpoints == nullptr) return absl::OkStatus();
  state_.tensors = Tensors(first);
  if (optimizer != nullptr) state_.optimizer = optimizer->State();
  const absl::StatusOr<std::string> bytes = SerializeCheckpoint(state_, in_.job_digest);
  state_.tensors.clear();
  state_.optimizer.clear();
  GRAFT_RETURN_IF_ERROR(bytes.status());
  const absl::Status saved = in_.checkpoints->Save(state_.epochs_done, *bytes);
  if (absl::IsResourceExhausted(saved)) {
    // The run does not need it. One that is taken up again has more to do.
    if (!std::exchange(checkpoints_left_out_, true)) {
      in_.context->observer().OnWarning(
          {"CHECKPOINT_LEFT_OUT",
           absl::StrCat("no checkpoint could be kept after epoch ", state_.epochs_done, ": ",
                        saved.message()),
           "Make room on the server's disk: a job that is interrupted goes on from the last "
           "checkpoint that was kept, or from its beginning."});
    }
    return absl::OkStatus();
  }
  GRAFT_RETURN_IF_ERROR(Annotate(saved, "keeping a checkpoint"));
  in_.context->observer().OnCheckpoint({state_.epochs_done, best});
  return absl::OkStatus();
}

}  // namespace graft::training
