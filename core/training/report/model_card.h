#ifndef GRAFT_CORE_TRAINING_REPORT_MODEL_CARD_H_
#define GRAFT_CORE_TRAINING_REPORT_MODEL_CARD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "core/model/model_description.h"
#include "core/recipes/resolve.h"
#include "core/tasks/figures.h"

namespace graft::training {

// What a reader must know before using a model, and whoever repeats the run needs.
struct ModelCard {
  absl::Time created;
  model::ModelDescription model;
  std::string licence;  // of the backbone's weights; "" where unknown
  std::string source;   // of the backbone's weights
  recipes::ResolvedFineTune job;
  double l2 = 0;  // chosen or given; where L-BFGS fitted the head
  // Where weights were averaged: the share of the fine-tuned ones, the rest being those before.
  double tuned_share = 1;
  std::string decision;  // AUTO: what was trained, and why; else ""
  std::string dataset_digest;
  int64_t train_images = 0;
  int64_t validation_images = 0;
  int64_t test_images = 0;
  // Of the task: Task::OptionsJson and Limits, and TaskReport::card_json of the held-out part,
  // empty where nothing is held out.
  std::string limits;
  std::string report;
  int best_epoch = 0;
  std::string stop_reason;  // "completed", "early_stopped", "stopped"
  tasks::Figures metrics;   // of the best epoch
  std::vector<std::pair<std::string, double>> phase_seconds;  // wall time of each phase
};

// A JSON object, without paths or secrets.
std::string ModelCardToJson(const ModelCard& card);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_REPORT_MODEL_CARD_H_
