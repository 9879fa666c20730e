#ifndef GRAFT_SERVER_API_PREDICTION_SERVICE_H_
#define GRAFT_SERVER_API_PREDICTION_SERVICE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graft/v1/prediction.pb.h"

#include "core/base/clock.h"
#include "core/serving/predictor.h"
#include "core/serving/serving_observer.h"
#include "server/api/caller.h"
#include "server/request_log/request_log.h"

namespace graft::server {

// PredictionService over a Predictor: checks and converts; queueing, batching and limits are the
// predictor's. A caller who goes away takes its request out of the queue. Never blocks. Everything
// is borrowed. Safe for concurrent use.
class PredictionService {
 public:
  // Called once, on any thread, maybe before the method returns.
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  // `observer` hears of requests that do not come as far as the predictor, and `log` of all that
  // were let in; both may be null.
  PredictionService(serving::Predictor* predictor, Clock* clock, serving::ServingObserver* observer,
                    RequestLog* log = nullptr)
      : predictor_(predictor), clock_(clock), observer_(observer), log_(log) {}

  // All take the images out of their request.
  void Predict(const Caller& caller, v1::PredictRequest request, Done<v1::PredictResponse> done);
  void PredictMany(const Caller& caller, v1::PredictManyRequest request,
                   Done<v1::PredictManyResponse> done);
  void Embed(const Caller& caller, v1::EmbedRequest request, Done<v1::EmbedResponse> done);

  // Tell the observer of a request that was refused with `status`.
  void OnRefused(const v1::PredictRequest& request, const absl::Status& status) const;
  void OnRefused(const v1::PredictManyRequest& request, const absl::Status& status) const;
  void OnRefused(const v1::EmbedRequest& request, const absl::Status& status) const;

 private:
  void Refused(const std::string& project, const std::string& model, int inputs,
               const absl::Status& status) const;
  template <typename Request, typename Response>
  void Submit(const Caller& caller, const char* method, Request request, Done<Response> done,
              absl::StatusOr<Response> (*describe)(const serving::PredictResponse&));

  serving::Predictor* const predictor_;
  Clock* const clock_;
  serving::ServingObserver* const observer_;
  RequestLog* const log_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_PREDICTION_SERVICE_H_
