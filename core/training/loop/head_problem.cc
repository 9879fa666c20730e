#include "core/training/loop/head_problem.h"

#include <vector>

#include <ATen/ATen.h>

namespace graft::training {

LinearHeadProblem HeadProblemOf(const tasks::Task& task, const TrainingData& data,
                                const Activations& activations, int stage, int views) {
  LinearHeadProblem problem;
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> targets;
  const at::Tensor plain = task.TargetsOf(data.train);
  for (int view = 0; view <= views; ++view) {
    features.push_back(activations.Rows(stage, view, data.train));
    targets.push_back(plain);
  }
  problem.features = at::cat(features);
  problem.targets = at::cat(targets);
  problem.plain_rows = static_cast<int64_t>(data.train.size());
  problem.strata = task.Strata(plain);
  problem.validation_features = activations.Rows(stage, 0, data.validation);
  problem.validation_targets = task.TargetsOf(data.validation);
  problem.loss = task.convex_loss();
  return problem;
}

}  // namespace graft::training
