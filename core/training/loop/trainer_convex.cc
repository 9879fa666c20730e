// The phase that has no epochs: a linear head on frozen features, solved rather than trained.
#include <algorithm>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/base/status_macros.h"
#include "core/nn/placement.h"
#include "core/recipes/enum_words.h"
#include "core/training/convex/class_means.h"
#include "core/training/convex/linear_head.h"
#include "core/training/loop/head_problem.h"
#include "core/training/loop/trainer.h"

namespace graft::training {
namespace {

// Of the search, each of which starts from the one before. A guess: it only moves the progress bar.
constexpr double kIterationsOfAFit = 20;

struct HeadTensors {
  at::Tensor weight;  // [outputs, inputs]
  at::Tensor bias;    // [outputs]
};

absl::StatusOr<HeadTensors> FindHeadTensors(const TrainableNetwork& network) {
  HeadTensors head;
  for (const TrainedTensor& tensor : network.tensors(network.stages())) {
    if (tensor.tensor.dim() == 2) head.weight = tensor.tensor;
    if (tensor.tensor.dim() == 1) head.bias = tensor.tensor;
  }
  if (!head.weight.defined() || !head.bias.defined()) {
    return absl::InternalError("LBFGS was asked to fit a head that is not linear");
  }
  return head;
}

// Where the fit computes: on the head's device, or on the host where that has no float64.
at::Device FitDevice(const HeadTensors& head) {
  const at::Device device = head.weight.device();
  return device.is_mps() ? at::Device(at::kCPU) : device;
}

// What the meter says of a linear layer on all rows.
tasks::Figures Measure(const LinearModel& model, const at::Tensor& features,
                       const at::Tensor& targets, tasks::Meter& meter) {
  const int64_t step = RowsAtATime(model.bias.size(0));
  for (int64_t begin = 0; begin < features.size(0); begin += step) {
    const int64_t end = std::min(begin + step, features.size(0));
    meter.Add(nn::OnHost(model.Outputs(features.slice(0, begin, end))),
              nn::OnHost(targets.slice(0, begin, end)));
  }
  return meter.Read();
}

}  // namespace

PenaltySearch Trainer::PlanSearch() const {
  const auto rows =
      static_cast<int64_t>(in_.data->train.size()) * std::max(KeptAt(in_.network->stages()), 1);
  const std::vector<int64_t> inputs = in_.network->input_shape(in_.network->stages());
  return PlanPenaltySearch(rows, features::FeatureShape{1, inputs}.row_size(), in_.task->outputs(),
                           static_cast<int64_t>(in_.data->validation.size()));
}

double Trainer::SearchWork(const recipes::PhaseSpec& phase) const {
  if (phase.optimizer != recipes::OptimizerKind::kLbfgs || config_.training.l2.has_value())
    return 0;
  return PlanSearch().fits() * kIterationsOfAFit * EpochWork(phase);
}

absl::StatusOr<LinearHeadProblem> Trainer::HeadProblem(const recipes::PhaseSpec& phase) const {
  const int stage = in_.network->stages();
  if (in_.task->convex_loss() == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("LBFGS cannot fit a head for the task ",
                                                   in_.task->name(), ": use ADAMW or SGD"));
  }
  if (!in_.activations->Has(stage, 0)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the features fit neither into the feature cache nor into memory, and ",
                     absl::AsciiStrToUpper(recipes::NameOf(phase.optimizer)),
                     " needs them all: enlarge the cache, or use ADAMW"));
  }
  GRAFT_ASSIGN_OR_RETURN(const HeadTensors head, FindHeadTensors(*in_.network));
  const nn::Placement placement{FitDevice(head), at::kFloat};
  LinearHeadProblem problem =
      HeadProblemOf(*in_.task, *in_.data, *in_.activations, stage, in_.activations->views(stage));
  for (at::Tensor* const each : {&problem.features, &problem.targets, &problem.validation_features,
                                 &problem.validation_targets}) {
    *each = nn::Place(*each, placement);
  }
  problem.l2 = config_.training.l2;
  problem.search = PlanSearch();
  problem.max_iterations = phase.epochs;
  return problem;
}

absl::Status Trainer::RunSolvedPhase(const recipes::PhaseSpec& phase) {
  // The checkpoint of this phase is its end.
  if (state_.epoch_in_phase > 0) return absl::OkStatus();
  const at::NoGradGuard no_grad;
  const int stage = in_.network->stages();
  GRAFT_ASSIGN_OR_RETURN(const HeadTensors head, FindHeadTensors(*in_.network));
  GRAFT_ASSIGN_OR_RETURN(const LinearHeadProblem problem, HeadProblem(phase));

  const auto rows = problem.features.size(0);
  absl::Duration last = in_.context->elapsed();
  EpochMetrics metrics;
  metrics.phase = phase.name;
  const SolvedStep each = [&](int iteration, const LinearModel& model, double train_loss) {
    const double seconds = absl::ToDoubleSeconds(in_.context->elapsed() - last);
    last = in_.context->elapsed();
    state_.epoch_in_phase = iteration;
    ++state_.epochs_done;
    metrics.epoch = state_.epochs_done;
    metrics.train = {{tasks::kLossFigure, train_loss}};
    for (const auto& figure :
         Measure(model, problem.features, problem.targets, *in_.task->NewTrainingMeter())) {
      metrics.train.push_back(figure);
    }
    metrics.best = true;  // each iteration is nearer to the one solution there is
    if (!in_.data->validation.empty()) {
      metrics.validation = Measure(model, problem.validation_features, problem.validation_targets,
                                   *in_.task->NewEvaluation());
    }
    metrics.seconds = seconds;
    metrics.images_per_second = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
    in_.context->counters.training_images += rows;
    in_.context->AddWork(EpochWork(phase));
    in_.context->PublishCounters();
    in_.context->observer().OnEpoch(metrics);
    Progress(phase, 0, 0, /*force=*/false);
  };
  GRAFT_ASSIGN_OR_RETURN(const LinearModel model,
                         phase.optimizer == recipes::OptimizerKind::kClassMeans
                             ? TakeClassMeans(problem, each)
                             : FitHead(phase, problem, each));
  at::Tensor(head.weight).copy_(model.weight);
  at::Tensor(head.bias).copy_(model.bias);
  state_.best.epoch = state_.epochs_done;
  state_.best.phase = state_.phase;
  state_.best.metrics = metrics.Named();
  state_.best.cost = metrics.validation.empty() ? std::numeric_limits<double>::infinity()
                                                : in_.task->Cost(metrics.validation);
  state_.best.tensors = Snapshot(stage);
  AddPhaseSeconds(phase.name);
  return SaveCheckpoint(stage, nullptr, true);
}

absl::StatusOr<LinearModel> Trainer::FitHead(const recipes::PhaseSpec& phase,
                                             const LinearHeadProblem& problem,
                                             const SolvedStep& each) {
  PenaltySearchHooks hooks;
  // A fit is solved or it is nothing; what is left of one takes less than judging it.
  hooks.poll = [this] { return in_.context->PollButForStop(); };
  hooks.fitted = [&, fits = 0]() mutable {
    in_.context->AddWork(SearchWork(phase) / problem.search.fits());
    Progress(phase, ++fits, problem.search.fits(), /*force=*/false);
  };
  const auto loss_of = [&](double objective) { return objective / problem.loss->terms(); };
  const LinearFitCallback step = [&](int iteration, const at::Tensor& weight,
                                     const at::Tensor& bias, double objective) -> absl::Status {
    LinearModel model;
    model.weight = weight;
    model.bias = bias;
    each(iteration, model, loss_of(objective));
    return absl::OkStatus();
  };
  GRAFT_ASSIGN_OR_RETURN(const LinearHeadFit fit, FitLinearHead(problem, hooks, step));
  state_.l2 = fit.l2;
  // There was nothing to learn; it counts as an epoch all the same.
  if (fit.model.iterations == 0) each(1, fit.model, loss_of(fit.model.objective));
  in_.context->observer().OnLog(
      absl::StrFormat("the head was fitted in %d iterations, l2 %.4g, features by %s",
                      fit.model.iterations, fit.l2, FeatureScalingName(fit.scaling)));
  if (!fit.model.converged) {
    in_.context->observer().OnWarning(
        {"NOT_CONVERGED",
         absl::StrCat("the head's fit ended at its limit of ", phase.epochs,
                      " iterations before it converged"),
         "Allow more epochs, each of which is one iteration, or set a larger l2."});
  }
  return fit.model;
}

absl::StatusOr<LinearModel> Trainer::TakeClassMeans(const LinearHeadProblem& problem,
                                                    const SolvedStep& each) {
  ClassMeansProblem means;
  means.features = nn::OnHost(problem.features);
  means.classes = in_.task->Classes(nn::OnHost(problem.targets));
  means.plain_rows = problem.plain_rows;
  means.outputs = in_.task->outputs();
  if (!means.classes.defined()) {
    return absl::InvalidArgumentError(absl::StrCat("CLASS_MEANS needs one class an image, which ",
                                                   in_.task->name(), " does not have"));
  }
  GRAFT_ASSIGN_OR_RETURN(const LinearModel model, FitClassMeans(means));
  const at::Tensor outputs = model.Outputs(means.features);
  each(1, model, in_.task->Loss(outputs, nn::OnHost(problem.targets)).item<double>());
  return model;
}

}  // namespace graft::training
