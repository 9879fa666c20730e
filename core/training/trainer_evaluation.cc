#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"
#include "core/training/trainer.h"

namespace graft {

at::Tensor Trainer::LabelsOf(const std::vector<int64_t>& entries) const {
  at::Tensor labels = at::empty({static_cast<int64_t>(entries.size())}, at::kLong);
  for (size_t i = 0; i < entries.size(); ++i) {
    labels.data_ptr<int64_t>()[i] = in_.data->labels[entries[i]];
  }
  return labels;
}

absl::StatusOr<at::Tensor> Trainer::Probabilities(const std::vector<int64_t>& entries, int first) {
  const at::NoGradGuard no_grad;
  const int stages = in_.network->stages();
  in_.network->SetMode(stages, /*training=*/false, BatchNormMode::kFrozenStatistics);
  const auto batch = static_cast<size_t>(in_.activations->evaluation_batch(first));
  std::vector<std::vector<Sample>> batches;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i % batch == 0) batches.emplace_back();
    batches.back().push_back({entries[i], 0});
  }
  std::unique_ptr<SampleStream> stream = in_.activations->Open(first, batches);
  std::vector<at::Tensor> parts;
  for (size_t i = 0; i < batches.size(); ++i) {
    GRAFT_RETURN_IF_ERROR(in_.context->Poll());
    GRAFT_ASSIGN_OR_RETURN(at::Tensor x, stream->Next());
    if (first < stages) {
      x = in_.network->HeadInput(in_.network->Forward(x, first, stages));
      in_.context->counters.backbone_forward_images += x.size(0);
    }
    parts.push_back(at::softmax(in_.network->Head(x), 1));
  }
  return at::cat(parts).contiguous();
}

absl::StatusOr<ClassificationReport> Trainer::EvaluateAt(const std::vector<int64_t>& entries,
                                                         const std::string& split, int first) {
  if (entries.empty()) return ClassificationReport{};
  GRAFT_ASSIGN_OR_RETURN(const at::Tensor probabilities, Probabilities(entries, first));
  if (!at::isfinite(probabilities).all().item<bool>()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "training diverged: the network's answers on the ", split,
        " part are not finite after epoch ", state_.epochs_done, "; lower the learning rate"));
  }
  std::vector<int> labels;
  for (int64_t entry : entries) labels.push_back(static_cast<int>(in_.data->labels[entry]));
  return EvaluateClassification(
      {probabilities.data_ptr<float>(), static_cast<size_t>(probabilities.numel())}, labels,
      in_.data->class_names, split);
}

absl::StatusOr<ClassificationReport> Trainer::Evaluate(const std::vector<int64_t>& entries,
                                                       const std::string& split) {
  try {
    return EvaluateAt(entries, split, first_changed_stage());
  } catch (const std::exception& e) {
    return TorchErrorStatus("evaluation", e);
  }
}

}  // namespace graft
