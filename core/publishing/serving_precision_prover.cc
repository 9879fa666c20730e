#include "core/publishing/serving_precision_prover.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/status_macros.h"
#include "core/publishing/range_finder.h"
#include "core/publishing/trial_rows.h"
#include "core/tasks/task.h"

namespace graft::publishing {
namespace {

using model::Precision;
using model::PrecisionTrial;
using serving::Servable;

// Why a servable that was to be in another precision is not.
std::string WhyFloat32(const serving::EngineUse& use) {
  return use.declined.empty() ? "no engine is built in for it" : use.declined.front();
}

}  // namespace

std::vector<Precision> ServingPrecisionProver::ToTry(std::optional<Precision> asked) const {
  std::vector<Precision> found;
  for (const auto& engine : models_->engines()) {
    const Precision precision = engine->precision();
    if (precision == Precision::kF32 || (asked.has_value() && *asked != precision)) continue;
    if (std::find(found.begin(), found.end(), precision) == found.end()) found.push_back(precision);
  }
  return found;
}

int64_t ServingPrecisionProver::Forwards(std::optional<Precision> asked) const {
  int64_t forwards = 0;
  for (const Precision precision : ToTry(asked)) {
    if (!IsHere(precision)) continue;
    forwards += rules_.min_rows;
    if (precision == Precision::kInt8) forwards += kRangeForwards;
  }
  return forwards == 0 ? 0 : rules_.min_rows + forwards;
}

bool ServingPrecisionProver::IsHere(Precision precision) const {
  return std::any_of(models_->engines().begin(), models_->engines().end(), [&](const auto& engine) {
    return engine->precision() == precision && engine->Available().ok();
  });
}

Candidate ServingPrecisionProver::Load(const training::TrainedModel& trained,
                                       Precision precision) const {
  Candidate candidate;
  candidate.trial.precision = precision;
  const absl::StatusOr<std::shared_ptr<const Servable>> loaded = models_->Load(trained, precision);
  if (!loaded.ok()) {
    candidate.trial.declined = std::string(loaded.status().message());
  } else if ((*loaded)->engine_use().precision != model::PrecisionName(precision)) {
    candidate.trial.declined = WhyFloat32((*loaded)->engine_use());
  } else {
    candidate.servable = *loaded;
  }
  return candidate;
}

std::string ServingPrecisionProver::SharedBy(const training::TrainedModel& trained,
                                             const Servable& reference) const {
  // The ranges of stages that the model has changed are nobody else's.
  const bool shares = shared_ != nullptr && trained.description->changed_stages.empty();
  return shares ? reference.features_key() : "";
}

absl::StatusOr<model::PrecisionRecord> ServingPrecisionProver::Prove(
    const training::TrainedModel& trained, std::optional<Precision> asked,
    training::RunContext* context) const {
  std::vector<Candidate> candidates;
  std::vector<model::ActivationRange> ranges;
  std::string shared_by;  // "": the ranges are the model's own, or others' already
  const std::vector<Precision> to_try = ToTry(asked);
  // What is not here is declined, and compared with nothing.
  absl::StatusOr<std::shared_ptr<const Servable>> reference = absl::InternalError("not loaded");
  if (std::any_of(to_try.begin(), to_try.end(), [this](Precision each) { return IsHere(each); })) {
    reference = models_->Load(trained, Precision::kF32);
  }
  for (const Precision precision : to_try) {
    GRAFT_RETURN_IF_ERROR(context->PollButForStop());
    if (precision != Precision::kInt8 || !IsHere(precision) || !reference.ok()) {
      candidates.push_back(Load(trained, precision));
      continue;
    }
    shared_by = SharedBy(trained, **reference);
    auto others = shared_by.empty() ? std::nullopt : shared_->Find(shared_by);
    if (others.has_value()) {
      ranges = *std::move(others);
      shared_by.clear();
    } else {
      GRAFT_ASSIGN_OR_RETURN(FoundRanges found, FindRanges(trained, **reference, models_, context));
      if (!found.declined.empty()) {
        Candidate& declined = candidates.emplace_back();
        declined.trial.precision = precision;
        declined.trial.declined = std::move(found.declined);
        continue;
      }
      ranges = std::move(found.ranges);
    }
    model::ModelDescription description;
    candidates.push_back(Load(WithRanges(trained, ranges, &description), precision));
  }
  const training::TrainingData& data = *trained.data;
  const bool judged = !data.validation.empty();
  if (std::any_of(candidates.begin(), candidates.end(),
                  [](const Candidate& each) { return !each.declined(); })) {
    if (reference.ok()) {
      const std::vector<training::ExampleRequest> rows =
          TrialRows(judged ? data.validation : data.train, rules_.min_rows, trained.seed);
      GRAFT_RETURN_IF_ERROR(ComparePrecisions(trained, judged, rows, **reference, &candidates,
                                              &models_->cache(), context));
    } else {
      for (Candidate& each : candidates) {
        if (!each.declined()) each.trial.declined = std::string(reference.status().message());
      }
    }
  }
  std::vector<PrecisionTrial> trials;
  for (Candidate& each : candidates) trials.push_back(std::move(each.trial));
  const std::string figure = judged && !trials.empty() ? trained.task->main_figure() : "";
  for (const PrecisionTrial& trial : trials) {
    // Only what has served one model well is for others.
    const bool proved =
        trial.precision == Precision::kInt8 && engine::WhyNot(trial, figure, rules_).empty();
    if (proved && !shared_by.empty()) shared_->Keep(shared_by, ranges);
  }
  model::PrecisionRecord record = engine::DecidePrecision(std::move(trials), figure, asked, rules_);
  record.ranges = std::move(ranges);
  return record;
}

}  // namespace graft::publishing
