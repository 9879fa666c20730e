#include "server/app/serving_metrics.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/app/drift_series.h"

namespace graft::server {

void ServingMetrics::OnRequest(const serving::RequestStats& stats) {
  metrics_->CountPredict(stats.model, absl::StatusCodeToString(stats.code));
  if (stats.code == absl::StatusCode::kResourceExhausted) {
    metrics_->predict_refusals_total.Increment(
        {stats.reason.empty() ? std::string(telemetry::kOtherLabel) : stats.reason});
  }
  // Of answers only: a thousand refusals in no time would hide how slow the rest is.
  if (stats.code != absl::StatusCode::kOk) return;
  metrics_->CountUnknown(stats.model, stats.judged_inputs, stats.unknown_inputs);
  metrics_->ObservePredict(stats.model, {.queue = stats.queue,
                                         .decode = stats.decode,
                                         .compute = stats.compute,
                                         .total = stats.total});
}

void ServingMetrics::OnBatch(const serving::BatchStats& stats) {
  metrics_->predict_batch_size.Observe(static_cast<double>(stats.rows));
  metrics_->predict_batch_seconds.Observe(stats.gather);
}

void ServingMetrics::OnLoad(const serving::LoadStats& stats) {
  const std::string version = absl::StrCat(stats.version);
  if (stats.status.ok()) {
    metrics_->model_load_seconds.Observe(stats.seconds);
    logger_->Info("model loaded",
                  {{"project", stats.project},
                   {"model", stats.model},
                   {"version", version},
                   {"seconds", absl::StrCat(absl::ToDoubleSeconds(stats.seconds))},
                   {"engine", absl::StrCat(stats.engine.engine, " ", stats.engine.precision)}});
    for (const std::string& declined : stats.engine.declined) {
      logger_->Info("engine declined", {{"model", stats.model}, {"why", declined}});
    }
  } else if (absl::IsNotFound(stats.status)) {
    logger_->Info("model deleted before it was loaded",
                  {{"project", stats.project}, {"model", stats.model}, {"version", version}});
  } else {
    metrics_->model_load_failures_total.Increment({absl::StatusCodeToString(stats.status.code())});
    logger_->Error("model cannot be loaded", {{"project", stats.project},
                                              {"model", stats.model},
                                              {"version", version},
                                              {"error", stats.status.ToString()}});
  }
}

void ServingMetrics::SetSources(const serving::ModelManager* models,
                                const serving::PredictCache* cache) {
  absl::MutexLock lock(&mutex_);
  models_ = models;
  cache_ = cache;
}

void ServingMetrics::SetPredictor(const serving::Predictor* predictor) {
  absl::MutexLock lock(&mutex_);
  predictor_ = predictor;
}

void ServingMetrics::Refresh() {
  absl::MutexLock lock(&mutex_);
  if (predictor_ != nullptr) {
    const serving::AdmissionStats admitted = predictor_->admitted();
    metrics_->predict_inputs_inside.Set(admitted.inputs);
    metrics_->predict_inputs_limit.Set(admitted.limit);
  }
  if (models_ == nullptr || cache_ == nullptr) return;
  const serving::LoadedStats stats = models_->Loaded();
  metrics_->model_loaded.Set(stats.models);
  metrics_->model_loaded_bytes.Set(static_cast<double>(stats.bytes));
  std::vector<std::string> names;
  for (auto& [engine, count] : engines_) count = 0;  // those that run nothing any more stay, at 0
  std::vector<serving::ModelStatus> models = models_->List();
  for (const serving::ModelStatus& model : models) {
    names.push_back(model.key.model);
    if (model.state == serving::ModelState::kReady) {
      ++engines_[{model.engine.engine, model.engine.precision}];
    }
  }
  for (const auto& [engine, count] : engines_) {
    metrics_->model_engines.Set({engine.first, engine.second}, count);
  }
  metrics_->SetLoadedModels(std::move(names));
  const DriftSeries drift =
      DriftSeriesOf(std::move(models), clock_->Monotonic(), telemetry::Metrics::kMaxDriftSeries);
  metrics_->predict_drift.SetAll(drift.index);
  metrics_->predict_drift_inputs.SetAll(drift.inputs);
  const serving::PredictCache::Stats cache = cache_->stats();
  metrics_->cache_hits_total.Increment({"predict"},
                                       static_cast<double>(cache.hits - counted_.hits));
  metrics_->cache_misses_total.Increment({"predict"},
                                         static_cast<double>(cache.misses - counted_.misses));
  metrics_->cache_bytes.Set({"predict"}, static_cast<double>(cache.bytes));
  counted_ = cache;
}

}  // namespace graft::server
