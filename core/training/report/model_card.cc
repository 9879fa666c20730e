#include "core/training/report/model_card.h"

#include <cmath>

#include "nlohmann/json.hpp"

#include "core/base/version.h"

namespace graft {
namespace {

nlohmann::json Pairs(const std::vector<std::pair<std::string, double>>& pairs) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : pairs) {
    if (std::isfinite(value)) object[name] = value;
  }
  return object;
}

nlohmann::json Hyperparameters(const FineTuneConfig& config) {
  nlohmann::json json = {
      {"strategy", std::string(StrategyName(config.strategy))},
      {"head", std::string(HeadKindName(config.head))},
      {"class_weighting", std::string(ClassWeightingName(config.class_weighting))},
  };
  const auto put = [&json](const char* name, const auto& value) {
    if (value.has_value()) json[name] = *value;
  };
  put("hidden_units", config.hidden_units);
  put("dropout", config.dropout);
  put("label_smoothing", config.label_smoothing);
  put("epochs", config.epochs);
  put("batch_size", config.batch_size);
  put("learning_rate", config.learning_rate);
  put("backbone_learning_rate", config.backbone_learning_rate);
  put("weight_decay", config.weight_decay);
  put("momentum", config.momentum);
  if (config.optimizer) json["optimizer"] = std::string(OptimizerName(*config.optimizer));
  if (config.schedule) json["schedule"] = std::string(ScheduleName(*config.schedule));
  put("warmup_epochs", config.warmup_epochs);
  put("gradient_clip_norm", config.gradient_clip_norm);
  put("early_stopping_patience", config.early_stopping_patience);
  put("trainable_stages", config.trainable_stages);
  put("head_epochs", config.head_epochs);
  put("seed", config.seed);
  put("validation_fraction", config.validation_fraction);
  put("test_fraction", config.test_fraction);
  put("augment", config.augment);
  put("augmented_views", config.augmented_views);
  put("l2", config.l2);
  return json;
}

}  // namespace

std::string ConfigToJson(const FineTuneConfig& config) { return Hyperparameters(config).dump(); }

std::string ModelCardToJson(const ModelCard& card) {
  FineTuneConfig used = card.job.config;
  if (used.optimizer == OptimizerKind::kLbfgs) used.l2 = card.l2;
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
      {"outputs", nlohmann::json::parse(card.model.outputs)},
      {"data",
       {{"digest", card.dataset_digest},
        {"train_images", card.train_images},
        {"validation_images", card.validation_images},
        {"test_images", card.test_images}}},
      {"hyperparameters", Hyperparameters(used)},
      {"best_epoch", card.best_epoch},
      {"best_epoch_is",
       card.validation_images > 0 && card.job.config.optimizer != OptimizerKind::kLbfgs
           ? "the one with the smallest validation loss"
           : "the last"},
      {"stop_reason", card.stop_reason},
      {"metrics", Pairs(card.metrics)},
      {"phase_seconds", Pairs(card.phase_seconds)},
      {"limits", card.limits},
  };
  json["hyperparameters"].update(nlohmann::json::parse(card.task_options));
  if (!card.report.empty()) json["report"] = nlohmann::json::parse(card.report);
  return json.dump();
}

}  // namespace graft
