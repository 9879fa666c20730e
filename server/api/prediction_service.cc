#include "server/api/prediction_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "server/api/resource_names.h"
#include "wire/tasks/catalog.h"
#include "wire/time.h"

namespace graft::server {
namespace {

absl::Status WithDetails(absl::Status status) {
  if (!absl::IsUnavailable(status) || RetryDelay(status).has_value()) return status;
  return WithRetryDelay(std::move(status), absl::Seconds(1));
}

absl::StatusOr<v1::PredictResponse> Describe(const serving::PredictResponse& result) {
  v1::PredictResponse response;
  response.set_model(result.model);
  response.set_version(result.version);
  for (const std::unique_ptr<tasks::TaskOutput>& output : result.outputs) {
    absl::StatusOr<v1::TaskOutput> converted = wire::OutputToProto(*output);
    if (!converted.ok()) return absl::InternalError(converted.status().message());
    *response.add_outputs() = *std::move(converted);
  }
  v1::PredictTiming* timing = response.mutable_timing();
  *timing->mutable_queue() = wire::ToProto(result.timing.queue);
  *timing->mutable_decode() = wire::ToProto(result.timing.decode);
  *timing->mutable_compute() = wire::ToProto(result.timing.compute);
  *timing->mutable_total() = wire::ToProto(result.timing.total);
  return response;
}

// The request as the predictor takes it, or which field is wrong. Its images are moved out.
absl::StatusOr<serving::PredictRequest> Convert(const std::string& project,
                                                v1::PredictRequest& request) {
  serving::PredictRequest converted;
  converted.project = project;
  GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  if (request.version() < 0) return InvalidField("version", "must not be negative");
  if (request.version() != 0 && !request.label().empty()) {
    return InvalidField("label", "is in place of version: give one of them");
  }
  GRAFT_ASSIGN_OR_RETURN(converted.options, wire::ReadPredictOptions(request.options()));
  if (request.inputs().empty()) return InvalidField("inputs", "holds no image");
  converted.model = request.model();
  converted.version = request.version();
  converted.label = request.label();
  converted.inputs.reserve(static_cast<size_t>(request.inputs_size()));
  for (int i = 0; i < request.inputs_size(); ++i) {
    v1::PredictInput& input = *request.mutable_inputs(i);
    if (input.input_case() != v1::PredictInput::kImage) {
      return InvalidField(absl::StrCat("inputs[", i, "]"), "must carry an image");
    }
    converted.inputs.push_back(serving::EncodedImage{std::move(*input.mutable_image())});
  }
  return converted;
}

}  // namespace

void PredictionService::OnRefused(const v1::PredictRequest& request,
                                  const absl::Status& status) const {
  if (observer_ == nullptr) return;
  observer_->OnRequest({.project = request.project(),
                        .model = request.model(),
                        .code = status.code(),
                        .inputs = request.inputs_size()});
}

void PredictionService::Predict(const Caller& caller, v1::PredictRequest request, Done done) {
  absl::StatusOr<serving::PredictRequest> converted = Convert(caller.project(), request);
  if (!converted.ok()) {
    OnRefused(request, converted.status());
    return done(converted.status());
  }
  predictor_->Submit(
      *std::move(converted), MonotonicDeadline(caller, *clock_),
      [done = std::move(done)](absl::StatusOr<serving::PredictResponse> result) {
        if (result.ok()) return done(Describe(*result));
        done(WithDetails(std::move(result).status()));
      },
      caller.cancel());
}

}  // namespace graft::server
