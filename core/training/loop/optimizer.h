#ifndef GRAFT_CORE_TRAINING_LOOP_OPTIMIZER_H_
#define GRAFT_CORE_TRAINING_LOOP_OPTIMIZER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/recipes/fine_tune_config.h"
#include "core/training/network/trainable_network.h"

namespace torch::optim {
class Optimizer;
}

namespace graft::training {

struct OptimizerOptions {
  recipes::OptimizerKind kind = recipes::OptimizerKind::kAdamW;  // or kSgd
  double weight_decay = 0;
  double momentum = 0;  // SGD
};

// AdamW or SGD over the trained parameters in groups: head and backbone, by their part of the rate
// (TrainedTensor::rate), with and without weight decay (biases and norms have none, as is
// customary: He et al. 2018, "Bag of Tricks"). Its state is kept and restored by the parameters'
// names. Functions of LibTorch may throw.
class PhaseOptimizer {
 public:
  // `head` and `backbone` in the network's order; buffers are skipped.
  PhaseOptimizer(const OptimizerOptions& options, std::vector<TrainedTensor> head,
                 std::vector<TrainedTensor> backbone);
  ~PhaseOptimizer();

  void SetLearningRates(double head, double backbone);
  void ZeroGrad();
  void Step();
  // Scales all gradients so that their global L2 norm is at most `max_norm`; returns the norm as it
  // was. 0: only measures. FAILED_PRECONDITION names the first parameter whose gradient is not
  // finite: no scale would make a step of it.
  absl::StatusOr<double> ClipGradients(double max_norm);

  // "<parameter>/<slot>" -> tensor, which shares the optimizer's memory; empty before the first
  // step.
  std::map<std::string, at::Tensor> State() const;
  // INVALID_ARGUMENT when a tensor is missing or has the wrong shape.
  absl::Status Restore(const std::map<std::string, at::Tensor>& state);

 private:
  const OptimizerOptions options_;
  std::vector<TrainedTensor> parameters_;  // of all groups
  struct Group {
    bool is_head;
    double rate;
  };
  std::vector<Group> groups_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_OPTIMIZER_H_
