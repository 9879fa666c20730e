// Phases that are run where they promise something, and kept where they keep it.
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/recipes/promise.h"
#include "core/training/loop/trainer.h"

namespace graft::training {

std::optional<double> Trainer::MainFigure(const BestEpoch& best) const {
  return tasks::FindFigure(best.metrics, absl::StrCat("validation_", in_.task->main_figure()));
}

int Trainer::PhaseOnPromise() const {
  std::vector<recipes::TuningCost> costs;
  const std::vector<recipes::PhaseSpec>& phases = in_.job->phases;
  for (int i = 0; i < static_cast<int>(phases.size()); ++i) {
    if (!phases[i].on_promise) continue;
    costs.push_back({i, phases[i].epochs *
                            EpochWorkIf(phases[i], phases[i].cache_at_cut, phases[i].cache_at_cut) *
                            in_.forward_gflops});
  }
  return recipes::PhaseToTry(costs, in_.tuning_budget_gflops).value_or(-1);
}

bool Trainer::IsToBeRun(int phase) {
  if (!in_.job->phases[phase].on_promise) return true;
  const int affordable = PhaseOnPromise();
  if (affordable < 0) {
    decision_ = absl::StrFormat(
        "fine-tuning was left out: even its cheapest form would take more "
        "than the %.0f TFLOP that it may",
        in_.tuning_budget_gflops / 1e3);
    return false;
  }
  if (phase != affordable) return false;
  recipes::HeadOutcome head;
  if (!in_.data->validation.empty()) head.figure = MainFigure(state_.before_tuning);
  head.name = in_.task->main_figure();
  head.train_images = static_cast<int64_t>(in_.data->train.size());
  head.outputs = in_.task->outputs();
  const recipes::Promise promise = recipes::JudgePromise(head);
  in_.context->observer().OnLog(
      absl::StrCat(promise.tune ? "fine-tuning: " : "no fine-tuning: ", promise.why));
  if (!promise.tune) decision_ = absl::StrCat("fine-tuning was left out: ", promise.why);
  return promise.tune;
}

void Trainer::LeaveOut(const recipes::PhaseSpec& phase) {
  // Of what could have been run: the rest was never counted.
  if (state_.phase == PhaseOnPromise()) {
    in_.context->AddEarlierWork(phase.epochs * EpochWork(phase));
  }
  ++state_.phase;
  state_.epoch_in_phase = 0;
}

void Trainer::ChooseWhatToKeep() {
  if (PhaseOnPromise() < 0 || !decision_.empty()) return;
  const std::optional<double> before = MainFigure(state_.before_tuning);
  const std::optional<double> after = MainFigure(state_.best);
  if (!before.has_value() || !after.has_value()) return;
  const bool keep =
      in_.job->phases[state_.best.phase].on_promise &&
      recipes::IsWorthKeeping(*before, *after, static_cast<int64_t>(in_.data->validation.size()));
  const std::string figures = absl::StrFormat("validation %s %.4f, %.4f with the head alone",
                                              in_.task->main_figure(), *after, *before);
  decision_ = keep ? absl::StrCat("fine-tuned: ", figures)
                   : absl::StrCat("the head alone was kept after fine-tuning: ", figures);
  if (!keep) {
    state_.best = state_.before_tuning;
    tuned_share_ = 1;
  }
}

}  // namespace graft::training
