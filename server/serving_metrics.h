#ifndef GRAFT_SERVER_SERVING_METRICS_H_
#define GRAFT_SERVER_SERVING_METRICS_H_

#include "core/serving/model_manager.h"
#include "core/serving/serving_observer.h"
#include "core/telemetry/metrics.h"
#include "server/logging.h"

namespace graft {

// Puts what serving does into metrics and logs. Safe for concurrent use.
class ServingMetrics final : public ServingObserver {
 public:
  ServingMetrics(Metrics* metrics, const Logger* logger) : metrics_(metrics), logger_(logger) {}

  // Whose list of loaded models gives the `model` label its values. To be called before anything
  // is loaded; borrowed.
  void SetModels(const ModelManager* models) { models_ = models; }

  void OnRequest(const RequestStats& stats) override;
  void OnBatch(const BatchStats& stats) override;
  void OnLoad(const LoadStats& stats) override;
  void OnLoaded(const LoadedStats& stats) override;

 private:
  Metrics* const metrics_;
  const Logger* const logger_;
  const ModelManager* models_ = nullptr;
};

}  // namespace graft

#endif  // GRAFT_SERVER_SERVING_METRICS_H_
