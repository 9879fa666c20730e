#ifndef GRAFT_SERVER_API_EXPLANATION_SERVICE_H_
#define GRAFT_SERVER_API_EXPLANATION_SERVICE_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "graft/v1/prediction.pb.h"

#include "core/base/clock.h"
#include "core/base/thread_pool.h"
#include "core/serving/model_manager.h"
#include "server/api/caller.h"
#include "server/request_log/request_log.h"

namespace graft::server {

// Explain of PredictionService: waits for the model without a thread, then computes on one of its
// own. What requests hold is bounded by how many may be inside. Everything is borrowed. Safe for
// concurrent use.
class ExplanationService {
 public:
  using Done = std::function<void(absl::StatusOr<v1::ExplainResponse>)>;

  // Inside at one time: each holds a picture.
  static constexpr int kMostInside = 8;

  // `log` hears of all that were let in; may be null.
  ExplanationService(serving::ModelManager* models, Clock* clock, ThreadPool* threads,
                     uint64_t max_image_bytes, RequestLog* log = nullptr)
      : models_(models),
        clock_(clock),
        threads_(threads),
        max_image_bytes_(max_image_bytes),
        log_(log) {}

  // Calls `done` once, on any thread, maybe before it returns.
  void Explain(const Caller& caller, v1::ExplainRequest request, Done done);

  // What is refused before is counted nowhere.
  void OnRefused(const v1::ExplainRequest&, const absl::Status&) const {}

 private:
  struct Pending;

  // Whether there is room for another.
  bool Enter() ABSL_LOCKS_EXCLUDED(mutex_);
  void Finish(const std::shared_ptr<Pending>& pending, absl::StatusOr<v1::ExplainResponse> response)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // With the model there; computes.
  absl::StatusOr<v1::ExplainResponse> Compute(const Pending& pending,
                                              const serving::AcquiredModel& model) const;

  serving::ModelManager* const models_;
  Clock* const clock_;
  ThreadPool* const threads_;
  const uint64_t max_image_bytes_;
  RequestLog* const log_;
  absl::Mutex mutex_;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_EXPLANATION_SERVICE_H_
