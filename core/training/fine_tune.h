#ifndef GRAFT_CORE_TRAINING_FINE_TUNE_H_
#define GRAFT_CORE_TRAINING_FINE_TUNE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/clock.h"
#include "core/model/model_description.h"
#include "core/recipes/resolve.h"
#include "core/tasks/figures.h"
#include "core/tasks/task_report.h"
#include "core/training/loop/run_context.h"
#include "core/training/observer.h"
#include "core/training/state/checkpoint_store.h"

namespace graft::backbones {
class BackboneWeights;
}  // namespace graft::backbones

namespace graft::data {
class DatasetReader;
}  // namespace graft::data

namespace graft::features {
class FeatureCache;
}  // namespace graft::features

namespace graft::tasks {
class Task;
}  // namespace graft::tasks

namespace graft::training {

class DriftFitter;
class NoveltyFitter;
class PrecisionProver;

// Everything RunFineTune works with. Borrowed: all must outlive the call.
struct FineTuneEnvironment {
  const data::DatasetReader* dataset = nullptr;
  tasks::Task* task = nullptr;  // made for that dataset, and of this run alone
  std::shared_ptr<const backbones::BackboneWeights> backbone;
  features::FeatureCache* feature_cache =
      nullptr;                             // null: features are kept in memory for this run
  CheckpointStore* checkpoints = nullptr;  // null: none are kept
  Clock* clock = Clock::System();
  TrainingObserver* observer = nullptr;  // null: nobody listens
  // Null: the description says nothing of precision, and the model is served in float32.
  const PrecisionProver* precision = nullptr;
  // Null: the model cannot tell unknown inputs.
  const NoveltyFitter* novelty = nullptr;
  // Null: nor whether its inputs and answers have changed since.
  const DriftFitter* drift = nullptr;
  // Polled at every step and every batch of features, on the calling thread. Empty: kRun.
  std::function<RunSignal()> desired;
  // Where the network is trained, as LibTorch names it: "cpu", "cuda", "cuda:1".
  std::string device = "cpu";
  int threads = 1;  // for LibTorch's kernels, and as many to decode images
};

enum class StopReason { kCompleted, kEarlyStopped, kStopped };

struct FineTuneResult {
  // A safetensors file with a copy of the description: the head's tensors as "head.*", those of
  // changed stages under their backbone names, and training examples by which unknown inputs are
  // told ("novelty.*"). With the backbone of description.backbone_digest it is the whole model.
  std::string model;
  model::ModelDescription description;
  // On the test part where there is one, else on validation, else (no images held out) of no
  // examples.
  tasks::TaskReport report;
  tasks::Figures metrics;  // of the best epoch
  int best_epoch = 0;      // 1-based over all phases; by what validation selects by; the last where
                           // nothing is held out, and with L-BFGS
  StopReason stop_reason = StopReason::kCompleted;
  std::string card_json;  // the model card, a JSON object without paths or secrets
  TrainingCounters counters;
};

// Runs a fine-tuning job to its end on the calling thread; with a checkpoint in the store it goes
// on from there, and on a CPU with as many threads it ends with the very weights that it would
// have ended with uninterrupted.
//
// INVALID_ARGUMENT: the job cannot be run on this data (nothing to learn, no images, head and
// backbone do not go together), or `device` names none. FAILED_PRECONDITION: training diverged
// (NaN; phase and epoch are named). CANCELLED: desired() said so, or it said kStop before there was
// a best epoch to end with. IsDrained(status): a checkpoint is kept, run it again. Other errors
// come from the dataset, the cache or the checkpoint store. Not to be run twice at the same time in
// one process: LibTorch's generator and thread count belong to the process.
absl::StatusOr<FineTuneResult> RunFineTune(const recipes::ResolvedFineTune& job,
                                           const FineTuneEnvironment& environment);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_FINE_TUNE_H_
