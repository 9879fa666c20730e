#include "core/publishing/serving_precision_prover.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/backbones/weights_catalog.h"
#include "core/base/status_macros.h"
#include "core/engine/quantized_layers.h"
#include "core/publishing/range_finder.h"
#include "core/publishing/trial_rows.h"
#include "core/serving/segment_plan.h"
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

absl::StatusOr<ServingPrecisionProver::Ranges> ServingPrecisionProver::RangesFor(
    const training::TrainedModel& trained, const Servable& reference,
    training::RunContext* context) const {
  std::optional<GivenRanges> given;
  Ranges ranges;
  const absl::StatusOr<serving::SegmentPlan> plan =
      serving::PlanSegments(*trained.description, trained.backbone->spec());
  if (shared_ != nullptr && plan.ok() && plan->common.has_value()) {
    const std::string& trunk = reference.batch_key();
    if (const auto others = shared_->Find(trunk); others.has_value()) {
      given = {engine::RangesIn(*plan->common, *others), {}};
      for (const int layer : engine::LayersToQuantize(plan->own)) {
        given->to_find.push_back(plan->own.nodes[layer].name);
      }
    } else if (plan->changed.empty()) {
      ranges.kept_for = trunk;  // of all layers below the head, for whoever has some of them
    }
  }
  if (given.has_value() && given->to_find.empty()) {
    ranges.found.ranges = std::move(given->ranges);
    return ranges;
  }
  GRAFT_ASSIGN_OR_RETURN(ranges.found, FindRanges(trained, reference, given, models_, context));
  if (!ranges.kept_for.empty()) {
    ranges.to_keep = engine::RangesIn(*plan->common, ranges.found.ranges);
  }
  return ranges;
}

absl::StatusOr<model::PrecisionRecord> ServingPrecisionProver::Prove(
    const training::TrainedModel& trained, std::optional<Precision> asked,
    training::RunContext* context) const {
  std::vector<Candidate> candidates;
  Ranges ranges;
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
    GRAFT_ASSIGN_OR_RETURN(ranges, RangesFor(trained, **reference, context));
    if (!ranges.found.declined.empty()) {
      Candidate& declined = candidates.emplace_back();
      declined.trial.precision = precision;
      declined.trial.declined = std::move(ranges.found.declined);
      continue;
    }
    model::ModelDescription description;
    candidates.push_back(Load(WithRanges(trained, ranges.found.ranges, &description), precision));
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
    if (proved && !ranges.kept_for.empty()) shared_->Keep(ranges.kept_for, ranges.to_keep);
  }
  model::PrecisionRecord record = engine::DecidePrecision(std::move(trials), figure, asked, rules_);
  record.ranges = std::move(ranges.found.ranges);
  return record;
}

}  // namespace graft::publishing
