// What one step computes: the gradient of a batch, in parts where memory asks for it, and the
// moving average of the weights.
#include <algorithm>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/placement.h"
#include "core/training/loop/trainer.h"

namespace graft::training {
namespace {

// Losses are taken in float32 at least, whatever the network computes in.
at::Tensor ForLoss(const at::Tensor& outputs) {
  return outputs.scalar_type() == at::kDouble ? outputs : outputs.to(at::kFloat);
}

}  // namespace

Trainer::BatchOutcome Trainer::GradientsInParts(const at::Tensor& x, const at::Tensor& targets,
                                                int first, int64_t part) {
  BatchOutcome batch;
  std::vector<at::Tensor> outputs;
  const double weight = in_.task->LossWeight(targets);
  for (int64_t begin = 0; begin < x.size(0); begin += part) {
    const at::Tensor rows = x.slice(0, begin, begin + part);
    const at::Tensor truth = targets.slice(0, begin, begin + part);
    const at::Tensor head_input =
        first < in_.network->stages() ? in_.network->HeadInput(rows, first) : rows;
    const at::Tensor out = ForLoss(in_.network->Head(head_input));
    at::Tensor loss = in_.task->Loss(out, truth.to(out.device()));
    // Of a whole batch nothing is multiplied: the numbers stay what they are.
    if (rows.size(0) < x.size(0)) loss = loss * (in_.task->LossWeight(truth) / weight);
    batch.loss += loss.item<double>();
    loss.backward();
    outputs.push_back(nn::OnHost(out.detach()));
  }
  batch.outputs = outputs.size() == 1 ? outputs.front() : at::cat(outputs);
  return batch;
}

absl::StatusOr<Trainer::BatchOutcome> Trainer::Gradients(const at::Tensor& x,
                                                         const at::Tensor& targets, int first,
                                                         PhaseOptimizer& optimizer) {
  while (true) {
    int64_t part = x.size(0);
    for (const int64_t limit :
         {int64_t{*config_.training.microbatch_size}, int64_t{state_.microbatch}}) {
      if (limit > 0) part = std::min(part, limit);
    }
    optimizer.ZeroGrad();
    try {
      BatchOutcome batch = GradientsInParts(x, targets, first, part);
      if (first < in_.network->stages()) {
        in_.context->counters.backbone_forward_images += x.size(0);
      }
      return batch;
    } catch (const c10::OutOfMemoryError&) {
      if (part == 1) {
        return absl::ResourceExhaustedError(
            "the device's memory is too small for a single image: train fewer stages, or take a "
            "smaller backbone");
      }
      state_.microbatch = static_cast<int>((part + 1) / 2);
    }
    in_.context->observer().OnWarning(
        {"OUT_OF_MEMORY",
         absl::StrCat("the device's memory is too small for ", part,
                      " images at a time: from here "
                      "on ",
                      state_.microbatch,
                      " are computed at a time, and steps are taken on "
                      "whole batches as before"),
         "Set microbatch_size to spare the attempt, or a smaller batch_size."});
  }
}

void Trainer::MoveAverage(int first, int64_t step) {
  if (state_.average.empty()) return;
  const at::NoGradGuard no_grad;
  const auto steps = static_cast<double>(step);
  const double kept = std::min(*config_.training.ema_decay, (1 + steps) / (10 + steps));
  for (const auto& [name, now] : Tensors(first)) {
    at::Tensor& average = state_.average.at(name);
    if (average.device() != now.device()) average = average.to(now.device());
    if (average.is_floating_point()) {
      average.lerp_(now, 1 - kept);
    } else {
      average.copy_(now);
    }
  }
}

}  // namespace graft::training
