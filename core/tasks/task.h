#ifndef GRAFT_CORE_TASKS_TASK_H_
#define GRAFT_CORE_TASKS_TASK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/tasks/convex_loss.h"
#include "core/tasks/meter.h"
#include "core/tasks/training_warning.h"

namespace graft::tasks {

// What a job learns: the targets, what the head's outputs mean, the loss between the two, and how
// well a model does. A task is made for one dataset (core/tasks/catalog.h) and used by one run;
// training knows nothing else of it. Functions of LibTorch may throw. Not safe for concurrent use.
class Task {
 public:
  virtual ~Task() = default;

  virtual absl::string_view name() const = 0;  // "classification"

  // How many numbers the head gives for one example.
  virtual int64_t outputs() const = 0;

  // Of every entry of the dataset in its order: [entries, ...], on the host, to be interpreted by
  // the task.
  virtual const at::Tensor& targets() const = 0;
  at::Tensor TargetsOf(absl::Span<const int64_t> entries) const;

  // Takes from the training part what the loss needs: weights of classes, units of numbers. Called
  // once, before everything below. INVALID_ARGUMENT: there is nothing to be learnt from it.
  virtual absl::Status LearnFrom(absl::Span<const int64_t> train) = 0;

  // What is odd about the parts that the task alone can see. Parts without entries: nothing is held
  // out there.
  virtual std::vector<TrainingWarning> Warnings(absl::Span<const int64_t> train,
                                                absl::Span<const int64_t> validation) const = 0;

  // The mean over the rows, as it is optimised; a scalar that can be differentiated. outputs:
  // [rows, outputs()], float32 or float64, on any device; targets: as many rows of targets(), on
  // the same one.
  virtual at::Tensor Loss(const at::Tensor& outputs, const at::Tensor& targets) const = 0;
  // What Loss divides by for these targets: the loss of a batch is the sum over its parts of their
  // losses times their shares of it.
  virtual double LossWeight(const at::Tensor& targets) const {
    return static_cast<double>(targets.size(0));
  }
  // The same for a linear head on fixed features; null where the task has none. Owned by the task.
  virtual const ConvexLoss* convex_loss() const = 0;
  // A stratum for each row of targets, [rows] int64 from 0: cross-validation gives each fold its
  // share of each. One stratum for all where rows are all of a kind.
  virtual at::Tensor Strata(const at::Tensor& targets) const;

  // The class of each row of targets, [rows] int64 below outputs(), where each example has one and
  // an output is a class's logit; undefined in other tasks.
  virtual at::Tensor Classes(const at::Tensor& /*targets*/) const { return {}; }

  // Of batches as they are trained, besides their loss.
  virtual std::unique_ptr<Meter> NewTrainingMeter() const = 0;
  // Of a held-out part; its figures begin with the loss, plain and without weights.
  virtual std::unique_ptr<Evaluation> NewEvaluation() const = 0;

  // What validation selects by: of two epochs the one whose validation figures cost less is better.
  // NaN is never better. The loss, unless the task says otherwise.
  virtual double Cost(const Figures& validation) const;

  // The figure of NewEvaluation that users judge a model by: at most 1, and more is better.
  virtual std::string main_figure() const = 0;

  // Whether the trained model's outputs are to be calibrated on the validation part.
  virtual bool calibrates() const { return false; }
  // Called after training with the outputs on all of the validation part, if calibrates() and the
  // part is not empty: evaluations and OutputsJson() are then those of the calibrated model.
  virtual absl::Status Calibrate(const at::Tensor& /*outputs*/, const at::Tensor& /*targets*/) {
    return absl::OkStatus();
  }

  // What it takes to read the head's outputs: the `outputs` of the ModelDescription.
  virtual std::string OutputsJson() const = 0;
  // For the model card: what the answers do not mean. A sentence or two.
  virtual std::string Limits() const = 0;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_TASK_H_
