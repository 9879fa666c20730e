// What comes before the first phase: the checkpoint to go on from, the features, and how much work
// there will be.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/training/loop/trainer.h"

namespace graft::training {
namespace {

// Work of a head-only epoch for one image, against a pass through the backbone. A guess: it only
// moves the progress bar.
constexpr double kHeadWork = 0.002;
// A step forward and back costs about three forward passes.
constexpr double kTrainingPasses = 3;

}  // namespace

int Trainer::KeptAt(int stage) const {
  const auto found = kept_.find(stage);
  return found == kept_.end() ? 0 : found->second;
}

bool Trainer::TrainsOnKept(const recipes::PhaseSpec& phase) const {
  // Where no view could be kept, every epoch makes views of its own.
  const int needed = config_.data.augmented_views.value_or(0) > 0 ? 2 : 1;
  return phase.cache_at_cut && KeptAt(FirstStage(phase)) >= needed;
}

double Trainer::EpochWork(const recipes::PhaseSpec& phase) const {
  return EpochWorkIf(phase, TrainsOnKept(phase), KeptAt(FirstStage(phase)) > 0);
}

double Trainer::EpochWorkIf(const recipes::PhaseSpec& phase, bool trains_on_kept,
                            bool keeps_plain) const {
  const int first = FirstStage(phase);
  const double stages = in_.network->stages();
  const double share = (stages - first) / stages;
  const double below = first / stages;
  const auto train = static_cast<double>(in_.data->train.size());
  const auto validation = static_cast<double>(in_.data->validation.size());
  if (phase.is_solved()) return kHeadWork * train / 10;
  return train * (kHeadWork + kTrainingPasses * share + (trains_on_kept ? 0 : below)) +
         validation * (kHeadWork + share + (keeps_plain ? 0 : below));
}

absl::Status Trainer::Resume() {
  if (in_.checkpoints == nullptr) return absl::OkStatus();
  std::vector<std::string> passed_over;
  GRAFT_ASSIGN_OR_RETURN(std::optional<TrainerState> state,
                         LoadNewestCheckpoint(*in_.checkpoints, in_.job_digest, passed_over));
  for (const std::string& why : passed_over) {
    in_.context->observer().OnLog(absl::StrCat("a checkpoint was passed over: ", why));
  }
  if (!state.has_value()) return absl::OkStatus();
  if (state->phase > static_cast<int>(in_.job->phases.size())) {
    return absl::DataLossError("checkpoint: names a phase that the job does not have");
  }
  state_ = *std::move(state);
  Load(state_.tensors);
  state_.tensors.clear();
  overfitting_ = OverfittingWatch(state_.overfitting);
  in_.context->observer().OnLog(absl::StrCat("going on after epoch ", state_.epochs_done));
  return absl::OkStatus();
}

void Trainer::SayWhatIsKept(const recipes::CutPlan& plan) const {
  const bool is_head = plan.stage == in_.network->stages();
  const std::string what =
      absl::StrCat("what enters ", is_head ? "the head" : in_.network->stage_name(plan.stage));
  const int wanted = config_.data.augmented_views.value_or(0);
  const int views = KeptAt(plan.stage) - 1;
  TrainingObserver& observer = in_.context->observer();
  if (views < 0) {
    observer.OnLog(absl::StrCat(what, " is too large to keep: it is computed in every epoch"));
  } else if (views < wanted) {
    const bool makes_new = views == 0 && !in_.job->phases.front().is_solved();
    observer.OnLog(absl::StrCat(
        "of ", what, " there is room for ", views, " of ", wanted, " augmented views; ",
        makes_new ? "new ones are computed in every epoch" : "the others are left out"));
  }
  if (in_.activations->has_cache() &&
      std::count(plan.places.begin(), plan.places.end(), recipes::FeaturePlace::kMemory) > 0) {
    observer.OnLog(
        absl::StrCat("the feature cache is too small for all of ", what,
                     ": the rest is held in memory, and the next job computes it again"));
  }
}

absl::Status Trainer::Prepare() {
  const std::vector<recipes::PhaseSpec>& phases = in_.job->phases;
  std::set<int> cuts;  // ascending: higher ones are computed from lower ones
  const int on_promise = PhaseOnPromise();
  const auto may_run = [&](int phase) { return !phases[phase].on_promise || phase == on_promise; };
  for (int i = state_.phase; i < static_cast<int>(phases.size()); ++i) {
    if (phases[i].cache_at_cut && may_run(i)) cuts.insert(FirstStage(phases[i]));
  }
  cuts.erase(0);  // images themselves are not kept
  const std::vector<recipes::CutPlan> plans =
      in_.activations->Plan(cuts, config_.data.augmented_views.value_or(0));

  double total = 0;
  for (const recipes::CutPlan& plan : plans) {
    kept_[plan.stage] = static_cast<int>(plan.places.size());
    if (plan.places.empty()) continue;
    total += static_cast<double>(in_.data->entries) +
             static_cast<double>((plan.places.size() - 1) * in_.data->train.size());
  }
  double earlier = 0;
  for (int i = 0; i < static_cast<int>(phases.size()); ++i) {
    if (!may_run(i)) continue;
    total += phases[i].epochs * EpochWork(phases[i]) + SearchWork(phases[i]);
    const int done =
        i < state_.phase ? phases[i].epochs : (i == state_.phase ? state_.epoch_in_phase : 0);
    earlier += done * EpochWork(phases[i]) + (done > 0 ? SearchWork(phases[i]) : 0);
  }
  in_.context->SetTotalWork(total);
  in_.context->AddEarlierWork(earlier);
  if (cuts.empty()) return absl::OkStatus();

  clocked_ = in_.context->elapsed();
  PhaseStarted started;
  started.phase = "features";
  in_.context->observer().OnPhaseStarted(started);
  for (const recipes::CutPlan& plan : plans) {
    GRAFT_RETURN_IF_ERROR(in_.activations->Prepare(plan));
    kept_[plan.stage] =
        in_.activations->Has(plan.stage, 0) ? 1 + in_.activations->views(plan.stage) : 0;
    SayWhatIsKept(plan);
  }
  AddPhaseSeconds("features");
  return absl::OkStatus();
}

}  // namespace graft::training
