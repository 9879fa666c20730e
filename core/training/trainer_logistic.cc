// The phase that has no epochs: a linear head on frozen features, solved rather than trained.
#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/base/status_macros.h"
#include "core/training/logistic_head.h"
#include "core/training/trainer.h"

namespace graft {
namespace {

// Of the search, each of which starts from the one before. A guess: it only moves the progress bar.
constexpr double kIterationsOfAFit = 20;

struct LinearHead {
  at::Tensor weight;  // [classes, inputs]
  at::Tensor bias;    // [classes]
};

absl::StatusOr<LinearHead> FindLinearHead(const TrainableNetwork& network) {
  LinearHead head;
  for (const TrainedTensor& tensor : network.tensors(network.stages())) {
    if (tensor.tensor.dim() == 2) head.weight = tensor.tensor;
    if (tensor.tensor.dim() == 1) head.bias = tensor.tensor;
  }
  if (!head.weight.defined() || !head.bias.defined()) {
    return absl::InternalError("LBFGS was asked to fit a head that is not linear");
  }
  return head;
}

}  // namespace

PenaltySearch Trainer::PlanSearch() const {
  const auto rows =
      static_cast<int64_t>(in_.data->train.size()) * std::max(KeptAt(in_.network->stages()), 1);
  const std::vector<int64_t> inputs = in_.network->input_shape(in_.network->stages());
  return PlanPenaltySearch(rows, FeatureShape{1, inputs}.row_size(),
                           static_cast<int64_t>(in_.data->class_names.size()),
                           static_cast<int64_t>(in_.data->validation.size()));
}

double Trainer::SearchWork(const PhaseSpec& phase) const {
  if (phase.optimizer != OptimizerKind::kLbfgs || config_.training.l2.has_value()) return 0;
  return PlanSearch().fits() * kIterationsOfAFit * EpochWork(phase);
}

absl::Status Trainer::RunLogisticPhase(const PhaseSpec& phase) {
  // The checkpoint of this phase is its end.
  if (state_.epoch_in_phase > 0) return absl::OkStatus();
  const at::NoGradGuard no_grad;
  const int stage = in_.network->stages();
  if (!in_.activations->Has(stage, 0)) {
    return absl::ResourceExhaustedError(
        "the features fit neither into the feature cache nor into memory, and LBFGS needs them "
        "all: enlarge the cache, or use ADAMW");
  }
  GRAFT_ASSIGN_OR_RETURN(const LinearHead head, FindLinearHead(*in_.network));

  LogisticHeadProblem problem;
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> labels;
  for (int view = 0; view <= in_.activations->views(stage); ++view) {
    features.push_back(in_.activations->Rows(stage, view, in_.data->train));
    labels.push_back(LabelsOf(in_.data->train));
  }
  problem.features = at::cat(features);
  problem.labels = at::cat(labels);
  features.clear();
  problem.plain_rows = static_cast<int64_t>(in_.data->train.size());
  problem.validation_features = in_.activations->Rows(stage, 0, in_.data->validation);
  problem.validation_labels = LabelsOf(in_.data->validation);
  problem.classes = static_cast<int64_t>(in_.data->class_names.size());
  problem.class_weights = loss_.class_weights;
  problem.l2 = config_.training.l2;
  problem.search = PlanSearch();
  problem.max_iterations = phase.epochs;

  const auto rows = problem.labels.size(0);
  absl::Duration last = in_.context->elapsed();
  EpochMetrics metrics;
  metrics.phase = phase.name;
  std::vector<int> validation_labels;
  for (int64_t entry : in_.data->validation) {
    validation_labels.push_back(static_cast<int>(in_.data->labels[entry]));
  }
  PenaltySearchHooks hooks;
  // A fit is solved or it is nothing; what is left of one takes less than judging it.
  hooks.poll = [this] { return in_.context->PollButForStop(); };
  hooks.fitted = [&, fits = 0]() mutable {
    in_.context->AddWork(SearchWork(phase) / problem.search.fits());
    Progress(phase, ++fits, problem.search.fits(), /*force=*/false);
  };
  const LogisticCallback each = [&](int iteration, const at::Tensor& weight, const at::Tensor& bias,
                                    double objective) -> absl::Status {
    const double seconds = absl::ToDoubleSeconds(in_.context->elapsed() - last);
    last = in_.context->elapsed();
    state_.epoch_in_phase = iteration;
    ++state_.epochs_done;
    metrics.epoch = state_.epochs_done;
    metrics.train_loss = objective;
    metrics.train_accuracy =
        static_cast<double>(
            CountTopK(at::addmm(bias, problem.features, weight.t()), problem.labels, 1)) /
        static_cast<double>(rows);
    metrics.best = true;  // each iteration is nearer to the one solution there is
    if (!validation_labels.empty()) {
      const at::Tensor probabilities =
          at::softmax(at::addmm(bias, problem.validation_features, weight.t()), 1).contiguous();
      GRAFT_ASSIGN_OR_RETURN(
          const ClassificationReport report,
          EvaluateClassification(
              {probabilities.data_ptr<float>(), static_cast<size_t>(probabilities.numel())},
              validation_labels, in_.data->class_names, "validation"));
      metrics.validation_loss = report.loss;
      metrics.validation_accuracy = report.accuracy;
      metrics.validation_macro_f1 = report.macro_f1;
    }
    metrics.seconds = seconds;
    metrics.images_per_second = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
    in_.context->counters.training_images += rows;
    in_.context->AddWork(EpochWork(phase));
    in_.context->PublishCounters();
    in_.context->observer().OnEpoch(metrics);
    Progress(phase, 0, 0, /*force=*/false);
    return absl::OkStatus();
  };
  GRAFT_ASSIGN_OR_RETURN(const LogisticHeadFit fit, FitLogisticHead(problem, hooks, each));
  at::Tensor(head.weight).copy_(fit.model.weight);
  at::Tensor(head.bias).copy_(fit.model.bias);
  state_.l2 = fit.l2;
  if (fit.model.iterations ==
      0) {  // there was nothing to learn; it counts as an epoch all the same
    GRAFT_RETURN_IF_ERROR(each(1, fit.model.weight, fit.model.bias, fit.model.objective));
  }
  in_.context->observer().OnLog(absl::StrFormat("the head was fitted in %d iterations, l2 %.4g",
                                                fit.model.iterations, fit.l2));
  if (!fit.model.converged) {
    in_.context->observer().OnWarning(
        {"NOT_CONVERGED",
         absl::StrCat("the head's fit ended at its limit of ", phase.epochs,
                      " iterations before it converged"),
         "Allow more epochs, each of which is one iteration, or set a larger l2."});
  }
  state_.best.epoch = state_.epochs_done;
  state_.best.phase = state_.phase;
  state_.best.metrics = metrics.Named();
  if (metrics.validation_loss) state_.best.loss = *metrics.validation_loss;
  state_.best.tensors = Snapshot(stage);
  AddPhaseSeconds(phase.name);
  return SaveCheckpoint(stage, nullptr, true);
}

}  // namespace graft
