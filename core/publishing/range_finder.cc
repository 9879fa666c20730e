#include "core/publishing/range_finder.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/engine/activation_recorder.h"
#include "core/engine/eager/recording_engine.h"
#include "core/publishing/trial_inputs.h"
#include "core/publishing/trial_rows.h"

namespace graft::publishing {

absl::StatusOr<FoundRanges> FindRanges(const training::TrainedModel& trained,
                                       const UnpublishedModels& models,
                                       training::RunContext* context) {
  const auto declined = [](absl::string_view why) { return FoundRanges{{}, std::string(why)}; };
  if (trained.data->train.empty()) {
    return declined("there are no training pictures to find its ranges on");
  }
  engine::ActivationRecorder recorder;
  // Nothing is remembered: what is known already would not be run and not be seen.
  serving::PredictCache nothing(/*max_bytes=*/0);
  const absl::StatusOr<std::shared_ptr<const serving::Servable>> servable =
      models.LoadOn({std::make_shared<engine::RecordingEngineFactory>(&recorder)}, trained,
                    &nothing);
  if (!servable.ok()) return declined(servable.status().message());
  const std::vector<training::ExampleRequest> rows =
      TrialRows(trained.data->train, kRangeExamples, trained.seed);
  TrialInputs inputs(trained, {servable->get()}, rows, &nothing);
  training::TrainingProgress progress;
  progress.stage = training::kPrecisionPhase;
  progress.steps_total = static_cast<int64_t>(inputs.batches());
  while (true) {
    GRAFT_RETURN_IF_ERROR(context->PollButForStop());
    GRAFT_ASSIGN_OR_RETURN(const std::optional<TrialInputs::Batch> batch, inputs.Next());
    if (!batch.has_value()) break;
    const auto numbers = RunInputs(**servable, batch->inputs.front());
    if (!numbers.ok()) return declined(numbers.status().message());
    context->AddWork(static_cast<double>(batch->requests.size()));
    ++progress.steps_done;
    context->PublishProgress(progress);
  }
  absl::StatusOr<std::vector<model::ActivationRange>> ranges = recorder.Ranges();
  if (!ranges.ok()) return declined(ranges.status().message());
  if (ranges->empty()) return declined("no layer of it is large enough to gain anything");
  return FoundRanges{*std::move(ranges), ""};
}

}  // namespace graft::publishing
