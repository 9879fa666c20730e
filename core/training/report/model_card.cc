#include "core/training/report/model_card.h"

#include <algorithm>
#include <cmath>

#include "nlohmann/json.hpp"

#include "core/base/version.h"
#include "core/recipes/conditions.h"
#include "core/recipes/config_json.h"

namespace graft::training {
namespace {

nlohmann::json Pairs(const std::vector<std::pair<std::string, double>>& pairs) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : pairs) {
    if (std::isfinite(value)) object[name] = value;
  }
  return object;
}

}  // namespace

std::string ModelCardToJson(const ModelCard& card) {
  recipes::FineTuneConfig used = card.job.config;
  if (recipes::ChoicesOf(used).fits_head) used.training.l2 = card.l2;
  const bool all_solved =
      std::all_of(card.job.phases.begin(), card.job.phases.end(),
                  [](const recipes::PhaseSpec& phase) { return phase.is_solved(); });
  nlohmann::json json = {
      {"created", absl::FormatTime(absl::RFC3339_sec, card.created, absl::UTCTimeZone())},
      {"graft_version", Version()},
      {"task", card.model.task},
      {"backbone",
       {{"id", card.model.backbone},
        {"digest", card.model.backbone_digest},
        {"licence", card.licence},
        {"source", card.source},
        {"cut_point", card.model.cut_point},
        {"changed_stages", card.model.changed_stages}}},
      {"head", nlohmann::json::parse(model::HeadSpecToJson(card.model.head))},
      {"input", nlohmann::json::parse(model::InputSpecToJson(card.model.input))},
      {"outputs", nlohmann::json::parse(card.model.outputs)},
      {"data",
       {{"digest", card.dataset_digest},
        {"train_images", card.train_images},
        {"validation_images", card.validation_images},
        {"test_images", card.test_images}}},
      {"hyperparameters", recipes::ConfigToJson(used)},
      {"best_epoch", card.best_epoch},
      {"best_epoch_is", !card.decision.empty() ? "the one that the decision is for"
                        : card.validation_images > 0 && !all_solved
                            ? "the one with the smallest validation loss"
                            : "the last"},
      {"stop_reason", card.stop_reason},
      {"metrics", Pairs(card.metrics)},
      {"phase_seconds", Pairs(card.phase_seconds)},
      {"limits", card.limits},
  };
  if (card.model.precision.has_value()) {
    model::PrecisionRecord told = *card.model.precision;
    told.ranges.clear();  // for engines, and not for people
    json["precision"] = nlohmann::json::parse(model::PrecisionRecordToJson(told));
  }
  if (used.training.weight_averaging.value_or(false)) {
    json["weight_averaging"] = {{"fine_tuned_share", card.tuned_share}};
  }
  if (!card.decision.empty()) json["decision"] = card.decision;
  if (!card.report.empty()) json["report"] = nlohmann::json::parse(card.report);
  return json.dump();
}

}  // namespace graft::training
