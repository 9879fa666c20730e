// Between the weights of before fine-tuning and those of after it (Wortsman et al. 2022, "Robust
// fine-tuning of zero-shot models").
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/base/status_macros.h"
#include "core/training/loop/trainer.h"

namespace graft::training {
namespace {

constexpr double kShares[] = {0.8, 0.6, 0.4,
                              0.2};  // of the fine-tuned weights; 1 is judged already

// Counters are those of the fine-tuned network.
TensorMap Mix(const TensorMap& before, const TensorMap& after, double share) {
  TensorMap mixed;
  for (const auto& [name, tuned] : after) {
    const auto found = before.find(name);
    mixed.emplace(name, found == before.end() || !tuned.is_floating_point()
                            ? tuned
                            : at::lerp(found->second.to(tuned.device()), tuned, share));
  }
  return mixed;
}

}  // namespace

absl::Status Trainer::AverageWeights() {
  if (!config_.training.weight_averaging.value_or(false)) return absl::OkStatus();
  const int first = first_changed_stage();
  if (state_.before_tuning.epoch == 0 || first == in_.network->stages()) return absl::OkStatus();
  if (in_.data->validation.empty()) {
    in_.context->observer().OnLog(
        "weights are not averaged: no validation part tells in which share");
    return absl::OkStatus();
  }
  const at::NoGradGuard no_grad;
  clocked_ = in_.context->elapsed();
  PhaseStarted started;
  started.phase = "averaging";
  in_.context->observer().OnPhaseStarted(started);
  TensorMap before = state_.before_tuning.tensors;
  before.insert(pristine_.begin(), pristine_.end());
  const TensorMap after = state_.best.tensors;
  for (const double share : kShares) {
    TensorMap mixed = Mix(before, after, share);
    Load(pristine_);
    Load(mixed);
    GRAFT_ASSIGN_OR_RETURN(const tasks::Figures validation, Validate(first));
    const double cost = in_.task->Cost(validation);
    if (!(cost < state_.best.cost)) continue;
    state_.best.cost = cost;
    for (const auto& [name, value] : validation) {
      for (auto& [epoch_name, epoch_value] : state_.best.metrics) {
        if (epoch_name == absl::StrCat("validation_", name)) epoch_value = value;
      }
    }
    state_.best.tensors = std::move(mixed);
    tuned_share_ = share;
  }
  in_.context->observer().OnLog(
      absl::StrFormat("weights: %.0f %% fine-tuned, the rest as before", 100 * tuned_share_));
  AddPhaseSeconds(started.phase);
  return absl::OkStatus();
}

}  // namespace graft::training
