#include "core/publishing/serving_novelty_fitter.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/finite.h"
#include "core/base/status_macros.h"
#include "core/novelty/training_features.h"
#include "core/publishing/trial_inputs.h"
#include "core/publishing/trial_rows.h"
#include "core/serving/servable.h"

namespace graft::publishing {
namespace {

using training::TrainingData;

constexpr int64_t kMostHeldOut = 512;
constexpr int64_t kUsualWidth = 1280;  // of features, for an estimate

bool HoldsOutEnough(const TrainingData& data) {
  return static_cast<int64_t>(data.validation.size()) >= novelty::kFewestHeldOut;
}

int64_t AtMost(const std::vector<int64_t>& entries, int64_t most) {
  return std::min(static_cast<int64_t>(entries.size()), most);
}

}  // namespace

int64_t ServingNoveltyFitter::Forwards(const TrainingData& data) const {
  if (!HoldsOutEnough(data)) return 0;
  return AtMost(data.train, novelty::ExamplesToKeep(kUsualWidth)) +
         AtMost(data.validation, kMostHeldOut);
}

absl::StatusOr<std::optional<novelty::Fit>> ServingNoveltyFitter::FitTo(
    const training::TrainedModel& trained, training::RunContext* context) const {
  const TrainingData& data = *trained.data;
  if (!HoldsOutEnough(data)) return std::nullopt;
  const auto without = [&](absl::string_view why) {
    context->observer().OnLog(absl::StrCat("unknown inputs will not be told: ", why));
    return std::optional<novelty::Fit>();
  };
  const absl::StatusOr<std::shared_ptr<const serving::Servable>> servable =
      models_->LoadAsServed(trained);
  if (!servable.ok()) return without(servable.status().message());
  training::TrainingProgress progress;
  progress.stage = training::kNoveltyPhase;
  std::vector<std::vector<float>> training;
  std::vector<std::vector<float>> held_out;
  // The held-out part first: it tells how wide embeddings are.
  for (std::vector<std::vector<float>>* const embeddings : {&held_out, &training}) {
    const bool first = embeddings == &held_out;
    const std::vector<training::ExampleRequest> rows =
        first ? PlainRows(data.validation, kMostHeldOut)
              : PlainRows(data.train,
                          novelty::ExamplesToKeep(static_cast<int64_t>(held_out.front().size())));
    TrialInputs inputs(trained, {servable->get()}, rows, &models_->cache());
    progress.steps_total += static_cast<int64_t>(inputs.batches());
    while (true) {
      GRAFT_RETURN_IF_ERROR(context->PollButForStop());
      GRAFT_ASSIGN_OR_RETURN(const std::optional<TrialInputs::Batch> batch, inputs.Next());
      if (!batch.has_value()) break;
      absl::StatusOr<std::vector<serving::RowNumbers>> numbers =
          RunInputs(**servable, batch->inputs.front());
      if (!numbers.ok()) return without(numbers.status().message());
      for (serving::RowNumbers& row : *numbers) {
        if (!AllFinite(row.embedding)) return without("features are not finite");
        embeddings->push_back(std::move(row.embedding));
      }
      context->AddWork(static_cast<double>(batch->requests.size()));
      ++progress.steps_done;
      context->PublishProgress(progress);
    }
  }
  return novelty::FitNovelty(training, held_out);
}

}  // namespace graft::publishing
