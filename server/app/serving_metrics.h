#ifndef GRAFT_SERVER_APP_SERVING_METRICS_H_
#define GRAFT_SERVER_APP_SERVING_METRICS_H_

#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "core/base/clock.h"
#include "core/serving/model_manager.h"
#include "core/serving/predict_cache.h"
#include "core/serving/predictor.h"
#include "core/serving/serving_observer.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"

namespace graft::server {

// Puts what serving does into metrics and logs. Safe for concurrent use.
class ServingMetrics final : public serving::ServingObserver {
 public:
  // All is borrowed. `clock` is the model manager's.
  ServingMetrics(telemetry::Metrics* metrics, const wire::Logger* logger,
                 Clock* clock = Clock::System())
      : metrics_(metrics), logger_(logger), clock_(clock) {}

  // Whose list of loaded models gives the `model` label its values, and whose hits are counted;
  // borrowed. To be called before anything is loaded, and with null before they go.
  void SetSources(const serving::ModelManager* models, const serving::PredictCache* cache)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Whose limit is shown; borrowed. To be called with null before it goes.
  void SetPredictor(const serving::Predictor* predictor) ABSL_LOCKS_EXCLUDED(mutex_);

  void OnRequest(const serving::RequestStats& stats) override;
  void OnBatch(const serving::BatchStats& stats) override;
  void OnLoad(const serving::LoadStats& stats) override;
  void OnLoadedChanged() override { Refresh(); }

  // Reads what is in memory anew: to be called before the metrics are shown, since memory is also
  // freed by the end of a request that held the last use of a version.
  void Refresh() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  telemetry::Metrics* const metrics_;
  const wire::Logger* const logger_;
  Clock* const clock_;
  absl::Mutex mutex_;  // held while reading and setting: nobody sets what is older than what is set
  const serving::ModelManager* models_ ABSL_GUARDED_BY(mutex_) = nullptr;
  const serving::PredictCache* cache_ ABSL_GUARDED_BY(mutex_) = nullptr;
  const serving::Predictor* predictor_ ABSL_GUARDED_BY(mutex_) = nullptr;
  serving::PredictCache::Stats counted_ ABSL_GUARDED_BY(mutex_);  // of the cache, so far
  // Versions by engine and precision; what has run one stays.
  std::map<std::pair<std::string, std::string>, int> engines_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_SERVING_METRICS_H_
