#ifndef GRAFT_CORE_TRAINING_LOOP_TRAINER_H_
#define GRAFT_CORE_TRAINING_LOOP_TRAINER_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/recipes/resolve.h"
#include "core/tasks/task.h"
#include "core/training/convex/linear_head.h"
#include "core/training/data/activations.h"
#include "core/training/data/training_data.h"
#include "core/training/loop/optimizer.h"
#include "core/training/loop/overfitting_watch.h"
#include "core/training/loop/run_context.h"
#include "core/training/loop/schedule.h"
#include "core/training/network/trainable_network.h"
#include "core/training/state/checkpoint.h"
#include "core/training/state/checkpoint_store.h"

namespace graft::training {

// Runs the phases of a job, whatever its strategy: each trains the head and some of the last
// stages, on what enters the lowest of them. After a phase the best epoch so far is restored; it
// is the one that costs least on validation (Task::Cost), or the last where nothing is held out.
// Not safe for concurrent use.
class Trainer {
 public:
  struct Inputs {  // all borrowed
    const recipes::ResolvedFineTune* job = nullptr;
    TrainableNetwork* network = nullptr;  // with pretrained stages and a fresh head
    tasks::Task* task = nullptr;          // that has learnt from the training part
    const TrainingData* data = nullptr;
    Activations* activations = nullptr;
    CheckpointStore* checkpoints = nullptr;  // may be null
    std::string job_digest;
    RunContext* context = nullptr;
    // For phases on promise (recipes/promise.h): of one image through all stages, and what such a
    // phase may take in all.
    double forward_gflops = 0;
    double tuning_budget_gflops = 0;
  };
  explicit Trainer(Inputs inputs);

  // Computes features, takes up the newest checkpoint if there is one, and runs what phases are
  // left. Afterwards the network holds the best epoch's weights, or what weight averaging made of
  // them, and the task is calibrated. Asked
  // to stop, it runs no further step and is OK with the best epoch so far, of an earlier attempt
  // too; CANCELLED where there is none. The phase that is solved (L-BFGS) is ended first.
  absl::Status Run();

  // Judges the network as it is on some entries. `split` is only written into the report.
  absl::StatusOr<tasks::TaskReport> Evaluate(const std::vector<int64_t>& entries,
                                             const std::string& split);

  const TrainerState& state() const { return state_; }
  bool early_stopped() const { return early_stopped_; }
  // The run was asked to stop; the network holds the best of what had been trained by then.
  bool stopped() const { return stopped_; }
  // L-BFGS: the penalty used.
  double l2() const { return state_.l2; }
  // With weight averaging: the share that the fine-tuned weights have in those of the network, the
  // rest being those of before; 1 where nothing was mixed.
  double tuned_share() const { return tuned_share_; }
  // With phases on promise: what was decided, and why. Else "".
  const std::string& decision() const { return decision_; }
  // The lowest stage whose weights are not the pretrained ones; stages() when only the head is new.
  int first_changed_stage() const;

 private:
  int FirstStage(const recipes::PhaseSpec& phase) const;
  // Tensors of the head and of the stages from `first` on. They share the network's memory.
  TensorMap Tensors(int first) const;
  TensorMap Snapshot(int first) const;  // copies
  void Load(const TensorMap& tensors);
  void RestoreBest();

  // What of Run may be asked to stop.
  absl::Status PrepareAndTrain(const TensorMap& resumed);
  // A stop becomes OK where there is a best epoch, else the CANCELLED that it is.
  absl::Status HeedStop(const absl::Status& status);
  absl::Status Resume();
  absl::Status Prepare();
  void SayWhatIsKept(const recipes::CutPlan& plan) const;
  // How many views, the plain one included, of what enters a stage are kept (or planned to be).
  int KeptAt(int stage) const;
  bool TrainsOnKept(const recipes::PhaseSpec& phase) const;
  absl::Status RunPhase(const recipes::PhaseSpec& phase);
  absl::Status RunGradientPhase(const recipes::PhaseSpec& phase, int first);
  absl::Status RunSolvedPhase(const recipes::PhaseSpec& phase);
  // Called with each state of the head that is being solved for, and its loss on the training part.
  using SolvedStep =
      std::function<void(int iteration, const LinearModel& model, double train_loss)>;
  absl::StatusOr<LinearModel> FitHead(const recipes::PhaseSpec& phase,
                                      const LinearHeadProblem& problem, const SolvedStep& each);
  absl::StatusOr<LinearModel> TakeClassMeans(const LinearHeadProblem& problem,
                                             const SolvedStep& each);
  absl::Status TrainEpoch(const recipes::PhaseSpec& phase, int first, PhaseOptimizer& optimizer,
                          EpochMetrics& metrics);
  struct BatchOutcome {
    double loss = 0;
    at::Tensor outputs;  // on the host
  };
  // Gradients of a batch's loss, from zero. Halves what is computed at a time where memory runs
  // out; RESOURCE_EXHAUSTED where it does with a single row.
  absl::StatusOr<BatchOutcome> Gradients(const at::Tensor& x, const at::Tensor& targets, int first,
                                         PhaseOptimizer& optimizer);
  // Adds them up, `part` rows at a time.
  BatchOutcome GradientsInParts(const at::Tensor& x, const at::Tensor& targets, int first,
                                int64_t part);
  // After step `step` of the phase.
  void MoveAverage(int first, int64_t step);
  // Validates, compares with the best, tells the observer and keeps a checkpoint.
  absl::Status EndEpoch(const recipes::PhaseSpec& phase, int first, absl::Duration start,
                        const PhaseOptimizer& optimizer, EpochMetrics& metrics);
  absl::Status SaveCheckpoint(int first, const PhaseOptimizer* optimizer, bool best);
  // Looks for what is better than the best epoch between its weights and those of before
  // fine-tuning, where the job asks for it, and makes that the best.
  absl::Status AverageWeights();
  // Of the phases on promise the one that may be run, by its costs; -1: none.
  int PhaseOnPromise() const;
  bool IsToBeRun(int phase);
  void LeaveOut(const recipes::PhaseSpec& phase);
  // With phases on promise: the head alone, unless fine-tuning was worth it.
  void ChooseWhatToKeep();
  std::optional<double> MainFigure(const BestEpoch& best) const;

  std::vector<std::vector<Sample>> EpochBatches(const recipes::PhaseSpec& phase) const;
  // Calls `each` with the outputs for some entries and their targets, batch by batch, without
  // gradients; stages from `first` on are run. FAILED_PRECONDITION: an output is not finite;
  // `part` says of what.
  using EachOutputs = std::function<void(const at::Tensor& outputs, const at::Tensor& targets)>;
  absl::Status ForOutputs(const std::vector<int64_t>& entries, absl::string_view part, int first,
                          const EachOutputs& each);
  absl::StatusOr<tasks::Figures> Validate(int first);
  absl::Status Calibrate();
  void Progress(const recipes::PhaseSpec& phase, int64_t steps_done, int64_t steps_total,
                bool force);
  double EpochWork(const recipes::PhaseSpec& phase) const;
  double EpochWorkIf(const recipes::PhaseSpec& phase, bool trains_on_kept, bool keeps_plain) const;
  PenaltySearch PlanSearch() const;
  absl::StatusOr<LinearHeadProblem> HeadProblem(const recipes::PhaseSpec& phase) const;
  double SearchWork(const recipes::PhaseSpec& phase) const;
  // Adds the time since the last call, or since the phase began.
  void AddPhaseSeconds(const std::string& phase);

  const Inputs in_;
  const recipes::FineTuneConfig& config_;
  TensorMap pristine_;  // of every stage that some phase trains
  std::map<int, int> kept_;
  TrainerState state_;
  OverfittingWatch overfitting_;
  absl::Duration clocked_;  // what of the run's time phase_seconds has
  double tuned_share_ = 1;
  std::string decision_;
  bool early_stopped_ = false;
  bool stopped_ = false;
  bool checkpoints_left_out_ = false;  // a warning was given of it
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_TRAINER_H_
