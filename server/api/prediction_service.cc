#include "server/api/prediction_service.h"

#include <utility>

#include "core/base/status_details.h"
#include "server/api/logged_request.h"
#include "server/api/prediction_requests.h"

namespace graft::server {
namespace {

absl::Status WithDetails(absl::Status status) {
  if (!absl::IsUnavailable(status) || RetryDelay(status).has_value()) return status;
  return WithRetryDelay(std::move(status), absl::Seconds(1));
}

}  // namespace

void PredictionService::Refused(const std::string& project, const std::string& model, int inputs,
                                const absl::Status& status) const {
  if (observer_ == nullptr) return;
  observer_->OnRequest(
      {.project = project, .model = model, .code = status.code(), .inputs = inputs});
}

void PredictionService::OnRefused(const v1::PredictRequest& request,
                                  const absl::Status& status) const {
  Refused(request.project(), request.model(), request.inputs_size(), status);
}

void PredictionService::OnRefused(const v1::PredictManyRequest& request,
                                  const absl::Status& status) const {
  // Once: of a request that was not read the models are only what it says.
  Refused(request.project(), request.models().empty() ? "" : request.models(0).model(),
          request.inputs_size(), status);
}

void PredictionService::OnRefused(const v1::EmbedRequest& request,
                                  const absl::Status& status) const {
  Refused(request.project(), request.model(), request.inputs_size(), status);
}

template <typename Request, typename Response>
void PredictionService::Submit(
    const Caller& caller, const char* method, Request request, Done<Response> done,
    absl::StatusOr<Response> (*describe)(const serving::PredictResponse&)) {
  const std::shared_ptr<LoggedRequest> logged = LoggedRequest::Begin(log_, clock_, caller, method);
  absl::StatusOr<serving::PredictRequest> converted = ReadRequest(caller.project(), &request);
  if (!converted.ok()) {
    OnRefused(request, converted.status());
    if (logged != nullptr) logged->End(converted.status());
    return done(converted.status());
  }
  if (logged != nullptr) logged->Ask(*converted);
  converted->caller = caller.share();
  predictor_->Submit(
      *std::move(converted), MonotonicDeadline(caller, *clock_),
      [done = std::move(done), describe, logged](absl::StatusOr<serving::PredictResponse> result) {
        if (logged != nullptr) logged->End(result);
        if (result.ok()) return done(describe(*result));
        done(WithDetails(std::move(result).status()));
      },
      caller.cancel());
}

void PredictionService::Predict(const Caller& caller, v1::PredictRequest request,
                                Done<v1::PredictResponse> done) {
  Submit(caller, "Predict", std::move(request), std::move(done), &ToPredictResponse);
}

void PredictionService::PredictMany(const Caller& caller, v1::PredictManyRequest request,
                                    Done<v1::PredictManyResponse> done) {
  Submit(caller, "PredictMany", std::move(request), std::move(done), &ToPredictManyResponse);
}

void PredictionService::Embed(const Caller& caller, v1::EmbedRequest request,
                              Done<v1::EmbedResponse> done) {
  Submit(caller, "Embed", std::move(request), std::move(done), &ToEmbedResponse);
}

}  // namespace graft::server
