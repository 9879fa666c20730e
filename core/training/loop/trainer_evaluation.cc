// What the network as it is gives for entries that are not trained on.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/placement.h"
#include "core/nn/torch_error.h"
#include "core/training/loop/trainer.h"

namespace graft::training {

absl::Status Trainer::ForOutputs(const std::vector<int64_t>& entries, absl::string_view part,
                                 int first, const EachOutputs& each) {
  const at::NoGradGuard no_grad;
  const int stages = in_.network->stages();
  in_.network->SetMode(stages, /*training=*/false, recipes::BatchNormMode::kFrozenStatistics);
  const auto batch = static_cast<size_t>(in_.activations->evaluation_batch(first));
  std::vector<std::vector<Sample>> batches;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i % batch == 0) batches.emplace_back();
    batches.back().push_back({entries[i], 0});
  }
  std::unique_ptr<SampleStream> stream = in_.activations->Open(first, batches);
  const absl::Span<const int64_t> all(entries);
  for (size_t i = 0; i < batches.size(); ++i) {
    GRAFT_RETURN_IF_ERROR(in_.context->Poll());
    GRAFT_ASSIGN_OR_RETURN(at::Tensor x, stream->Next());
    if (first < stages) {
      x = in_.network->HeadInput(x, first);
      in_.context->counters.backbone_forward_images += x.size(0);
    }
    const at::Tensor outputs = nn::OnHost(in_.network->Head(x));
    if (!at::isfinite(outputs).all().item<bool>()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "training diverged: the network's answers on the ", part,
          " part are not finite after epoch ", state_.epochs_done, "; lower the learning rate"));
    }
    each(outputs, in_.task->TargetsOf(all.subspan(i * batch, batches[i].size())));
  }
  return absl::OkStatus();
}

absl::StatusOr<tasks::Figures> Trainer::Validate(int first) {
  const std::unique_ptr<tasks::Evaluation> evaluation = in_.task->NewEvaluation();
  GRAFT_RETURN_IF_ERROR(ForOutputs(in_.data->validation, "validation", first,
                                   [&](const at::Tensor& outputs, const at::Tensor& targets) {
                                     evaluation->Add(outputs, targets);
                                   }));
  return evaluation->Read();
}

absl::Status Trainer::Calibrate() {
  if (!in_.task->calibrates() || in_.data->validation.empty()) return absl::OkStatus();
  std::vector<at::Tensor> outputs;
  std::vector<at::Tensor> targets;
  GRAFT_RETURN_IF_ERROR(ForOutputs(in_.data->validation, "validation", first_changed_stage(),
                                   [&](const at::Tensor& out, const at::Tensor& truth) {
                                     outputs.push_back(out);
                                     targets.push_back(truth);
                                   }));
  return in_.task->Calibrate(at::cat(outputs), at::cat(targets));
}

absl::StatusOr<tasks::TaskReport> Trainer::Evaluate(const std::vector<int64_t>& entries,
                                                    const std::string& split) {
  try {
    const std::unique_ptr<tasks::Evaluation> evaluation = in_.task->NewEvaluation();
    GRAFT_RETURN_IF_ERROR(ForOutputs(entries, split, first_changed_stage(),
                                     [&](const at::Tensor& outputs, const at::Tensor& targets) {
                                       evaluation->Add(outputs, targets);
                                     }));
    return evaluation->Report(split);
  } catch (const std::exception& e) {
    return nn::TorchErrorStatus("evaluation", e);
  }
}

}  // namespace graft::training
