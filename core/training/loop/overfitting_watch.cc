#include "core/training/loop/overfitting_watch.h"

#include <optional>

#include "absl/strings/str_format.h"

namespace graft::training {
namespace {

constexpr double kWorse = 1.1;
constexpr int kWorseEpochs = 3;

}  // namespace

std::vector<tasks::TrainingWarning> OverfittingWatch::Observe(const EpochMetrics& metrics) {
  const std::optional<double> held_out = tasks::FindFigure(metrics.validation, tasks::kLossFigure);
  if (state_.said || !held_out.has_value()) return {};
  const double validation = *held_out;
  const double train = tasks::FindFigure(metrics.train, tasks::kLossFigure).value_or(0);
  if (!state_.started || validation <= state_.best_validation) {
    state_.started = true;
    state_.best_validation = validation;
    state_.train_at_best = train;
    state_.epochs_worse = 0;
    return {};
  }
  const bool worse = validation > kWorse * state_.best_validation && train < state_.train_at_best;
  state_.epochs_worse = worse ? state_.epochs_worse + 1 : 0;
  if (state_.epochs_worse < kWorseEpochs) return {};
  state_.said = true;
  return {{"OVERFITTING",
           absl::StrFormat("since its best, the validation loss rose from %.4g to %.4g while the "
                           "training loss fell from %.4g to %.4g",
                           state_.best_validation, validation, state_.train_at_best, train),
           "The best epoch is kept. More images, augmentation, weight decay, a lower rate or "
           "fewer trained stages help."}};
}

}  // namespace graft::training
