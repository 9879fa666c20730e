#include "core/recipes/promise.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace graft::recipes {
namespace {

// Of what a head over frozen features lacks to 1, what fine-tuning gives back, with so many images
// an output or more.
constexpr double kShareRegained = 1.0 / 3;
constexpr double kEnoughImages = 100;

}  // namespace

std::optional<int> PhaseToTry(absl::Span<const TuningCost> phases, double budget_gflops) {
  const TuningCost* best = nullptr;
  for (const TuningCost& each : phases) {
    if (each.gflops > budget_gflops) continue;
    if (best == nullptr || each.gflops >= best->gflops) best = &each;
  }
  if (best == nullptr) return std::nullopt;
  return best->phase;
}

Promise JudgePromise(const HeadOutcome& head) {
  if (!head.figure.has_value()) {
    return {false, "nothing is held out to tell whether it would do good"};
  }
  const double images = static_cast<double>(head.train_images) / static_cast<double>(head.outputs);
  const double share = kShareRegained * std::min(images / kEnoughImages, 1.0);
  const double gain = (1 - *head.figure) * share;
  const bool tune = gain > kLeastPromise;
  return {tune,
          absl::StrFormat("the head alone has a validation %s of %.4f; with %.0f images an output "
                          "fine-tuning adds about %.4f, %s than %.2f",
                          head.name, *head.figure, images, gain, tune ? "more" : "no more",
                          kLeastPromise)};
}

bool IsWorthKeeping(double head_figure, double tuned_figure, int64_t validation_images) {
  const double image = 1 / static_cast<double>(std::max<int64_t>(validation_images, 1));
  return tuned_figure > head_figure + std::max(kLeastGain, 1.5 * image);
}

}  // namespace graft::recipes
