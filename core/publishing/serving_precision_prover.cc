#include "core/publishing/serving_precision_prover.h"

#include <algorithm>
#include <string>

#include "core/backbones/weights_catalog.h"
#include "core/base/status_macros.h"
#include "core/publishing/precision_comparison.h"
#include "core/publishing/trial_rows.h"
#include "core/serving/model_source.h"
#include "core/serving/network_loader.h"
#include "core/tasks/task.h"

namespace graft::publishing {
namespace {

using model::Precision;
using model::PrecisionTrial;
using serving::Servable;

constexpr int64_t kUnpublished = 1;

// The one model that is not published yet.
class UnpublishedSource final : public serving::ModelSource {
 public:
  UnpublishedSource(absl::string_view file, std::string description)
      : file_(file), description_(std::move(description)) {}

  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&, int64_t) override {
    return kUnpublished;
  }
  absl::StatusOr<serving::ArtifactSummary> Summarise(const serving::ModelKey&) override {
    return serving::ArtifactSummary{file_.size(), description_};
  }
  absl::StatusOr<std::unique_ptr<serving::ModelArtifact>> Open(const serving::ModelKey&) override {
    return std::make_unique<Artifact>(file_, description_);
  }

 private:
  class Artifact final : public serving::ModelArtifact {
   public:
    Artifact(absl::string_view file, absl::string_view description)
        : file_(file), description_(description) {}
    absl::string_view model_bytes() const override { return file_; }
    absl::string_view description_json() const override { return description_; }

   private:
    const absl::string_view file_;
    const absl::string_view description_;
  };

  const absl::string_view file_;
  const std::string description_;
};

// Why a servable that was to be in another precision is not.
std::string WhyFloat32(const serving::EngineUse& use) {
  return use.declined.empty() ? "no engine is built in for it" : use.declined.front();
}

}  // namespace

std::vector<Precision> ServingPrecisionProver::ToTry(std::optional<Precision> asked) const {
  std::vector<Precision> found;
  for (const auto& engine : options_.engines) {
    const Precision precision = engine->precision();
    if (precision == Precision::kF32 || (asked.has_value() && *asked != precision)) continue;
    if (std::find(found.begin(), found.end(), precision) == found.end()) found.push_back(precision);
  }
  return found;
}

int64_t ServingPrecisionProver::Forwards(std::optional<Precision> asked) const {
  int64_t precisions = 0;
  for (const Precision precision : ToTry(asked)) {
    const bool here =
        std::any_of(options_.engines.begin(), options_.engines.end(), [&](const auto& engine) {
          return engine->precision() == precision && engine->Available().ok();
        });
    if (here) ++precisions;
  }
  return precisions == 0 ? 0 : options_.rules.min_rows * (1 + precisions);
}

absl::StatusOr<model::PrecisionRecord> ServingPrecisionProver::Prove(
    const training::TrainedModel& trained, std::optional<Precision> asked,
    training::RunContext* context) const {
  UnpublishedSource source(trained.file, model::ModelDescriptionToJson(*trained.description));
  const backbones::WeightsCatalog weights({trained.backbone});
  const auto load = [&](Precision precision) -> absl::StatusOr<std::shared_ptr<const Servable>> {
    serving::NetworkLoader::Options loading;
    loading.engines = options_.engines;
    loading.precision = precision;
    loading.threads = options_.threads;
    loading.cache = &cache_;
    serving::NetworkLoader loader(loading, &source, &weights, decoders_);
    return loader.Load({"", "unpublished", kUnpublished}, {});
  };

  std::vector<Candidate> candidates;
  for (const Precision precision : ToTry(asked)) {
    GRAFT_RETURN_IF_ERROR(context->PollButForStop());
    Candidate candidate;
    candidate.trial.precision = precision;
    const absl::StatusOr<std::shared_ptr<const Servable>> loaded = load(precision);
    if (!loaded.ok()) {
      candidate.trial.declined = std::string(loaded.status().message());
    } else if ((*loaded)->engine_use().precision != model::PrecisionName(precision)) {
      candidate.trial.declined = WhyFloat32((*loaded)->engine_use());
    } else {
      candidate.servable = *loaded;
    }
    candidates.push_back(std::move(candidate));
  }
  const training::TrainingData& data = *trained.data;
  const bool judged = !data.validation.empty();
  if (std::any_of(candidates.begin(), candidates.end(),
                  [](const Candidate& each) { return !each.declined(); })) {
    const absl::StatusOr<std::shared_ptr<const Servable>> reference = load(Precision::kF32);
    if (reference.ok()) {
      const std::vector<training::ExampleRequest> rows =
          TrialRows(judged ? data.validation : data.train, options_.rules.min_rows, trained.seed);
      GRAFT_RETURN_IF_ERROR(
          ComparePrecisions(trained, judged, rows, **reference, &candidates, &cache_, context));
    } else {
      for (Candidate& each : candidates) {
        if (!each.declined()) each.trial.declined = std::string(reference.status().message());
      }
    }
  }
  std::vector<PrecisionTrial> trials;
  for (Candidate& each : candidates) trials.push_back(std::move(each.trial));
  const std::string figure = judged && !trials.empty() ? trained.task->main_figure() : "";
  return engine::DecidePrecision(std::move(trials), figure, asked, options_.rules);
}

}  // namespace graft::publishing
