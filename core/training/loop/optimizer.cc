#include "core/training/loop/optimizer.h"

#include <cmath>
#include <set>

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::training {
namespace {

using torch::optim::AdamW;
using torch::optim::AdamWOptions;
using torch::optim::AdamWParamState;
using torch::optim::SGD;
using torch::optim::SGDOptions;
using torch::optim::SGDParamState;

// Rates are set before the first step.
constexpr double kNoRate = 0.0;

absl::StatusOr<at::Tensor> Slot(const std::map<std::string, at::Tensor>& state,
                                const TrainedTensor& parameter, const char* slot) {
  const auto found = state.find(absl::StrCat(parameter.name, "/", slot));
  if (found == state.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("optimizer state lacks ", slot, " of ", parameter.name));
  }
  if (found->second.sizes() != parameter.tensor.sizes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("optimizer state: ", slot, " of ", parameter.name, " has another shape"));
  }
  // A copy where the parameter is: a checkpoint comes in the host's memory.
  return found->second.to(parameter.tensor.device(), parameter.tensor.scalar_type(),
                          /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace

PhaseOptimizer::PhaseOptimizer(const OptimizerOptions& options, std::vector<TrainedTensor> head,
                               std::vector<TrainedTensor> backbone)
    : options_(options) {
  std::vector<torch::optim::OptimizerParamGroup> groups;
  const auto add = [&](const std::vector<TrainedTensor>& tensors, bool is_head, bool decays,
                       double rate = 1) {
    std::vector<at::Tensor> members;
    for (const TrainedTensor& tensor : tensors) {
      if (!tensor.is_parameter || tensor.decays != decays || tensor.rate != rate) continue;
      members.push_back(tensor.tensor);
      parameters_.push_back(tensor);
    }
    if (members.empty()) return;
    const double decay = decays ? options.weight_decay : 0.0;
    std::unique_ptr<torch::optim::OptimizerOptions> group;
    if (options.kind == recipes::OptimizerKind::kSgd) {
      group = std::make_unique<SGDOptions>(
          SGDOptions(kNoRate).momentum(options.momentum).weight_decay(decay));
    } else {
      group = std::make_unique<AdamWOptions>(AdamWOptions(kNoRate).weight_decay(decay));
    }
    groups.emplace_back(std::move(members), std::move(group));
    groups_.push_back({is_head, rate});
  };
  add(head, true, true);
  add(head, true, false);
  std::set<double> rates;
  for (const TrainedTensor& tensor : backbone) rates.insert(tensor.rate);
  for (const double rate : rates) {
    add(backbone, false, true, rate);
    add(backbone, false, false, rate);
  }
  if (options.kind == recipes::OptimizerKind::kSgd) {
    optimizer_ = std::make_unique<SGD>(std::move(groups), SGDOptions(kNoRate));
  } else {
    optimizer_ = std::make_unique<AdamW>(std::move(groups), AdamWOptions(kNoRate));
  }
}

PhaseOptimizer::~PhaseOptimizer() = default;

void PhaseOptimizer::SetLearningRates(double head, double backbone) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    optimizer_->param_groups()[i].options().set_lr(groups_[i].is_head ? head
                                                                      : backbone * groups_[i].rate);
  }
}

void PhaseOptimizer::ZeroGrad() { optimizer_->zero_grad(); }

void PhaseOptimizer::Step() { optimizer_->step(); }

absl::StatusOr<double> PhaseOptimizer::ClipGradients(double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<const TrainedTensor*> with_gradient;
  std::vector<at::Tensor> sums;
  for (const TrainedTensor& parameter : parameters_) {
    const at::Tensor& gradient = parameter.tensor.grad();
    if (!gradient.defined()) continue;
    with_gradient.push_back(&parameter);
    sums.push_back(gradient.pow(2).sum());
  }
  if (sums.empty()) return 0.0;
  // All at once: each number that is read from a device waits for it.
  const at::Tensor read = at::stack(sums).to(at::kCPU).to(at::kDouble);
  double squares = 0;
  for (size_t i = 0; i < with_gradient.size(); ++i) {
    squares += read[static_cast<int64_t>(i)].item<double>();
    if (!std::isfinite(squares)) {
      return absl::FailedPreconditionError(
          absl::StrCat("training diverged: the gradient of ", with_gradient[i]->name,
                       " is not finite; lower the learning rate, or set warmup_epochs"));
    }
  }
  const double norm = std::sqrt(squares);
  if (max_norm > 0 && norm > max_norm) {
    for (const TrainedTensor* parameter : with_gradient) {
      parameter->tensor.grad().mul_(max_norm / norm);
    }
  }
  return norm;
}

std::map<std::string, at::Tensor> PhaseOptimizer::State() const {
  std::map<std::string, at::Tensor> out;
  for (const TrainedTensor& parameter : parameters_) {
    const auto found = optimizer_->state().find(parameter.tensor.unsafeGetTensorImpl());
    if (found == optimizer_->state().end()) continue;
    const auto put = [&](const char* slot, const at::Tensor& tensor) {
      out.emplace(absl::StrCat(parameter.name, "/", slot), tensor.detach());
    };
    if (options_.kind == recipes::OptimizerKind::kSgd) {
      const auto& state = static_cast<const SGDParamState&>(*found->second);
      if (state.momentum_buffer().defined()) put("momentum", state.momentum_buffer());
    } else {
      const auto& state = static_cast<const AdamWParamState&>(*found->second);
      put("exp_avg", state.exp_avg());
      put("exp_avg_sq", state.exp_avg_sq());
      out.emplace(absl::StrCat(parameter.name, "/step"), at::full({}, state.step(), at::kLong));
    }
  }
  return out;
}

absl::Status PhaseOptimizer::Restore(const std::map<std::string, at::Tensor>& state) {
  if (state.empty()) return absl::OkStatus();
  for (const TrainedTensor& parameter : parameters_) {
    auto& slot = optimizer_->state()[parameter.tensor.unsafeGetTensorImpl()];
    if (options_.kind == recipes::OptimizerKind::kSgd) {
      auto restored = std::make_unique<SGDParamState>();
      GRAFT_ASSIGN_OR_RETURN(const at::Tensor momentum, Slot(state, parameter, "momentum"));
      restored->momentum_buffer(momentum);
      slot = std::move(restored);
    } else {
      auto restored = std::make_unique<AdamWParamState>();
      GRAFT_ASSIGN_OR_RETURN(const at::Tensor average, Slot(state, parameter, "exp_avg"));
      GRAFT_ASSIGN_OR_RETURN(const at::Tensor squares, Slot(state, parameter, "exp_avg_sq"));
      const auto step = state.find(absl::StrCat(parameter.name, "/step"));
      if (step == state.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("optimizer state lacks step of ", parameter.name));
      }
      restored->exp_avg(average);
      restored->exp_avg_sq(squares);
      restored->step(step->second.item<int64_t>());
      slot = std::move(restored);
    }
  }
  return absl::OkStatus();
}

}  // namespace graft::training
