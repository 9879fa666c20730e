#ifndef GRAFT_SERVER_API_PREDICTION_SERVICE_H_
#define GRAFT_SERVER_API_PREDICTION_SERVICE_H_

#include "graft/v1/prediction.grpc.pb.h"

#include "core/base/clock.h"
#include "core/serving/predictor.h"
#include "core/serving/serving_observer.h"

namespace graft {

// PredictionService over a Predictor: checks and converts; queueing, batching and limits are the
// predictor's. A caller who goes away takes its request out of the queue. Everything is borrowed.
class PredictionService final : public v1::PredictionService::CallbackService {
 public:
  // `observer` hears of requests that do not come as far as the predictor; may be null.
  PredictionService(Predictor* predictor, Clock* clock, ServingObserver* observer)
      : predictor_(predictor), clock_(clock), observer_(observer) {}

  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context,
                                    const v1::PredictRequest* request,
                                    v1::PredictResponse* response) override;

 private:
  Predictor* const predictor_;
  Clock* const clock_;
  ServingObserver* const observer_;
};

}  // namespace graft

#endif  // GRAFT_SERVER_API_PREDICTION_SERVICE_H_
