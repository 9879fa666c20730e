#include "core/publishing/range_finder.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/engine/activation_recorder.h"
#include "core/engine/eager/recording_engine.h"
#include "core/publishing/layer_noise.h"
#include "core/publishing/trial_inputs.h"
#include "core/publishing/trial_rows.h"

namespace graft::publishing {
namespace {

using model::ActivationRange;
using serving::PreparedInput;
using serving::Servable;

constexpr int64_t kExamples = 256;   // whose values are seen
constexpr size_t kMostLayers = 128;  // that are compared: each is compiled for itself
// Of embeddings. With 0.01 a linear head of EfficientNet-Lite0 on 200 photographs kept 993 of 1,000
// answers, two too few.
constexpr double kMostNoise = 0.006;

using Embeddings = std::vector<std::vector<float>>;

absl::StatusOr<Embeddings> Embed(const Servable& servable,
                                 const std::vector<PreparedInput>& inputs) {
  GRAFT_ASSIGN_OR_RETURN(std::vector<serving::RowNumbers> rows, RunInputs(servable, inputs));
  Embeddings embeddings;
  for (serving::RowNumbers& row : rows) embeddings.push_back(std::move(row.embedding));
  return embeddings;
}

// Leaves the noisiest layers of a model out of its ranges.
class Quietening {
 public:
  // `given` stay, whatever they bring.
  Quietening(const training::TrainedModel& trained, const Servable& reference,
             const std::vector<ActivationRange>& given, UnpublishedModels* models,
             const std::vector<PreparedInput>& inputs, training::RunContext* context)
      : trained_(trained),
        reference_(reference),
        given_(given),
        models_(models),
        inputs_(inputs),
        context_(context) {}

  // As they are where that is quiet enough, or nothing can be found out.
  absl::StatusOr<std::vector<ActivationRange>> Run(std::vector<ActivationRange> ranges) {
    absl::StatusOr<Embeddings> exact = Embed(reference_, inputs_);
    if (!exact.ok()) return ranges;
    exact_ = *std::move(exact);
    const std::optional<double> all = NoiseWith(ranges);
    if (!all.has_value() || *all <= kMostNoise || ranges.size() > kMostLayers) return ranges;
    std::vector<double> brought;
    for (size_t layer = 0; layer < ranges.size(); ++layer) {
      GRAFT_RETURN_IF_ERROR(context_->PollButForStop());
      std::vector<ActivationRange> others = ranges;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(layer));
      const std::optional<double> noise = NoiseWith(std::move(others));
      if (!noise.has_value()) return ranges;
      brought.push_back(*all - *noise);
      context_->AddWork(static_cast<double>(inputs_.size()));
    }
    std::vector<ActivationRange> quiet;
    for (const size_t layer : QuietLayers(*all, brought, kMostNoise)) {
      quiet.push_back(ranges[layer]);
    }
    return quiet;
  }

 private:
  // Empty where the model cannot be run so.
  std::optional<double> NoiseWith(std::vector<ActivationRange> ranges) const {
    ranges.insert(ranges.begin(), given_.begin(), given_.end());
    model::ModelDescription description;
    const training::TrainedModel ranged = WithRanges(trained_, std::move(ranges), &description);
    const auto servable = models_->Load(ranged, model::Precision::kInt8);
    if (!servable.ok()) return std::nullopt;
    const absl::StatusOr<Embeddings> embeddings = Embed(**servable, inputs_);
    if (!embeddings.ok()) return std::nullopt;
    return NoiseOf(exact_, *embeddings);
  }

  const training::TrainedModel& trained_;
  const Servable& reference_;
  const std::vector<ActivationRange>& given_;
  UnpublishedModels* const models_;
  const std::vector<PreparedInput>& inputs_;
  training::RunContext* const context_;
  Embeddings exact_;
};

}  // namespace

training::TrainedModel WithRanges(const training::TrainedModel& trained,
                                  std::vector<ActivationRange> ranges,
                                  model::ModelDescription* description) {
  *description = *trained.description;
  description->precision.emplace().ranges = std::move(ranges);
  training::TrainedModel ranged = trained;
  ranged.description = description;
  return ranged;
}

absl::StatusOr<FoundRanges> FindRanges(const training::TrainedModel& trained,
                                       const Servable& reference,
                                       const std::optional<GivenRanges>& given,
                                       UnpublishedModels* models, training::RunContext* context) {
  const auto declined = [](absl::string_view why) { return FoundRanges{{}, std::string(why)}; };
  if (trained.data->train.empty()) {
    return declined("there are no training pictures to find its ranges on");
  }
  engine::ActivationRecorder recorder;
  // Nothing is remembered: what is known already would not be run and not be seen.
  serving::PredictCache nothing(/*max_bytes=*/0);
  const absl::StatusOr<std::shared_ptr<const Servable>> servable = models->LoadOn(
      {std::make_shared<engine::RecordingEngineFactory>(&recorder)}, trained, &nothing);
  if (!servable.ok()) return declined(servable.status().message());
  TrialInputs inputs(trained, {servable->get()},
                     TrialRows(trained.data->train, kExamples, trained.seed), &nothing);
  training::TrainingProgress progress;
  progress.stage = training::kPrecisionPhase;
  progress.steps_total = static_cast<int64_t>(inputs.batches());
  std::vector<PreparedInput> some;
  while (true) {
    GRAFT_RETURN_IF_ERROR(context->PollButForStop());
    GRAFT_ASSIGN_OR_RETURN(const std::optional<TrialInputs::Batch> batch, inputs.Next());
    if (!batch.has_value()) break;
    const auto numbers = RunInputs(**servable, batch->inputs.front());
    if (!numbers.ok()) return declined(numbers.status().message());
    // One of each batch, for examples of one kind come together; without the key under which a part
    // would be kept.
    some.push_back({.bytes = batch->inputs.front().front().bytes});
    context->AddWork(static_cast<double>(batch->requests.size()));
    ++progress.steps_done;
    context->PublishProgress(progress);
  }
  absl::StatusOr<std::vector<ActivationRange>> ranges = recorder.Ranges();
  if (!ranges.ok()) return declined(ranges.status().message());
  std::vector<ActivationRange> all;
  if (given.has_value()) {
    all = given->ranges;
    std::erase_if(*ranges, [&](const ActivationRange& range) {
      return !std::count(given->to_find.begin(), given->to_find.end(), range.node);
    });
  }
  if (ranges->empty() && all.empty()) {
    return declined("no layer of it is large enough to gain anything");
  }
  GRAFT_ASSIGN_OR_RETURN(
      const std::vector<ActivationRange> quiet,
      Quietening(trained, reference, all, models, some, context).Run(*std::move(ranges)));
  all.insert(all.end(), quiet.begin(), quiet.end());
  if (all.empty()) return declined("every layer of it comes out too far from float32");
  return FoundRanges{std::move(all), ""};
}

}  // namespace graft::publishing
