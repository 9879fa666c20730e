#ifndef GRAFT_CORE_RECIPES_PROMISE_H_
#define GRAFT_CORE_RECIPES_PROMISE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace graft::recipes {

// What AUTO decides after the head: whether stages of the backbone are fine-tuned too, how many,
// and which of the two is published. All pure: a run that is taken up again decides alike.

// A phase that is run only where it promises to be worth it.
struct TuningCost {
  int phase = 0;      // its index in the job
  double gflops = 0;  // of all its epochs, forward and back
};

// What fine-tuning may cost: a quarter of an hour or so on a few cores, and as long on a GPU. Also
// in the words of AUTO (strategies.cc).
inline constexpr double kCpuTuningGflops = 100'000;
inline constexpr double kAcceleratorTuningGflops = 10'000'000;

// The costliest of `phases` that costs at most `budget_gflops`, since what trains more promises
// more; nothing where none does. The later one of equals.
std::optional<int> PhaseToTry(absl::Span<const TuningCost> phases, double budget_gflops);

struct Promise {
  bool tune = false;
  std::string why;  // a sentence without its full stop
};

// What the head alone came to.
struct HeadOutcome {
  // Task::main_figure on the validation part, at most 1. Nothing: no part is held out.
  std::optional<double> figure;
  std::string name;  // of the figure: "accuracy"
  int64_t train_images = 0;
  int64_t outputs = 1;
};

// Whether the head leaves something to gain. Of what it lacks to 1 fine-tuning takes away about a
// third where it has 100 images an output, and with fewer less, in proportion: a network of
// millions of weights learns little from few (EfficientNet-Lite0 with 22 of each class gained
// nothing: ADR 28). Tried where that is more than kLeastPromise. Without a figure nobody could tell
// whether it did good.
inline constexpr double kLeastPromise = 0.01;
Promise JudgePromise(const HeadOutcome& head);

// Whether the fine-tuned network is to be published instead of the head over the pretrained one,
// which other models share and which costs no more memory for each: where it is better by more than
// kLeastGain, and by more than a single validation image.
inline constexpr double kLeastGain = 0.005;
bool IsWorthKeeping(double head_figure, double tuned_figure, int64_t validation_images);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_PROMISE_H_
