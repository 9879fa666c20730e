#ifndef GRAFT_SERVER_API_PREDICTION_REQUESTS_H_
#define GRAFT_SERVER_API_PREDICTION_REQUESTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "graft/v1/prediction.pb.h"

#include "core/serving/prediction.h"

namespace graft::server {

// Requests of PredictionService as a Predictor takes them; INVALID_ARGUMENT names the field that is
// wrong. Their images are moved out. Pure.
absl::StatusOr<serving::PredictRequest> ReadRequest(const std::string& project,
                                                    v1::PredictRequest* request);
absl::StatusOr<serving::PredictRequest> ReadRequest(const std::string& project,
                                                    v1::PredictManyRequest* request);
absl::StatusOr<serving::PredictRequest> ReadRequest(const std::string& project,
                                                    v1::EmbedRequest* request);

// The model that is to be explained.
absl::StatusOr<serving::ModelAsk> ReadAsk(const v1::ExplainRequest& request);

// And its answers as the API gives them. INTERNAL where one is of an unknown task.
absl::StatusOr<v1::PredictResponse> ToPredictResponse(const serving::PredictResponse& result);
absl::StatusOr<v1::PredictManyResponse> ToPredictManyResponse(
    const serving::PredictResponse& result);
absl::StatusOr<v1::EmbedResponse> ToEmbedResponse(const serving::PredictResponse& result);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_PREDICTION_REQUESTS_H_
