#include "server/services/prediction_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/serving/cancellation.h"
#include "server/services/resource_names.h"
#include "server/unary_call.h"
#include "wire/status.h"
#include "wire/tasks/catalog.h"
#include "wire/time.h"

namespace graft {
namespace {

absl::Status WithDetails(absl::Status status) {
  if (!absl::IsUnavailable(status) || RetryDelay(status).has_value()) return status;
  return WithRetryDelay(std::move(status), absl::Seconds(1));
}

class PredictCall final : public grpc::ServerUnaryReactor {
 public:
  explicit PredictCall(v1::PredictResponse* response) : response_(response) {}

  const std::shared_ptr<CancellationToken>& cancellation() const { return cancellation_; }

  void Answer(absl::StatusOr<PredictResponse> result) {
    if (!result.ok()) {
      return Finish(ToGrpcStatus(WithDetails(std::move(result).status())));
    }
    response_->set_model(result->model);
    response_->set_version(result->version);
    for (const auto& output : result->outputs) *response_->add_outputs() = OutputToProto(output);
    v1::PredictTiming* timing = response_->mutable_timing();
    *timing->mutable_queue() = ToProto(result->timing.queue);
    *timing->mutable_decode() = ToProto(result->timing.decode);
    *timing->mutable_compute() = ToProto(result->timing.compute);
    *timing->mutable_total() = ToProto(result->timing.total);
    Finish(grpc::Status::OK);
  }

 private:
  void OnCancel() override { cancellation_->Cancel(); }
  void OnDone() override { delete this; }

  v1::PredictResponse* const response_;
  const std::shared_ptr<CancellationToken> cancellation_ = std::make_shared<CancellationToken>();
};

// The request as the predictor takes it, or which field is wrong.
// Its images are moved out of the message: gRPC hands it over as const, but keeps it for this call
// alone, and nobody reads it again.
absl::StatusOr<PredictRequest> Convert(const v1::PredictRequest& given) {
  auto& request = const_cast<v1::PredictRequest&>(given);
  PredictRequest converted;
  GRAFT_ASSIGN_OR_RETURN(converted.project, ProjectOf(request.project()));
  GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  if (request.version() < 0) return InvalidField("version", "must not be negative");
  GRAFT_RETURN_IF_ERROR(ReadPredictOptions(request.options(), &converted));
  if (request.inputs().empty()) return InvalidField("inputs", "holds no image");
  converted.model = request.model();
  converted.version = request.version();
  converted.images.reserve(static_cast<size_t>(request.inputs_size()));
  for (int i = 0; i < request.inputs_size(); ++i) {
    v1::PredictInput& input = *request.mutable_inputs(i);
    if (input.input_case() != v1::PredictInput::kImage) {
      return InvalidField(absl::StrCat("inputs[", i, "]"), "must carry an image");
    }
    converted.images.push_back(std::move(*input.mutable_image()));
  }
  return converted;
}

}  // namespace

grpc::ServerUnaryReactor* PredictionService::Predict(grpc::CallbackServerContext* context,
                                                     const v1::PredictRequest* request,
                                                     v1::PredictResponse* response) {
  auto* call = new PredictCall(response);
  absl::StatusOr<PredictRequest> converted = Convert(*request);
  if (!converted.ok()) {
    if (observer_ != nullptr) {
      observer_->OnRequest({.project = request->project(),
                            .model = request->model(),
                            .code = converted.status().code(),
                            .images = request->inputs_size()});
    }
    call->Answer(converted.status());
    return call;
  }
  // gRPC gives the deadline on the wall clock, the predictor wants its monotonic one.
  const absl::Time deadline = CallDeadline(*context);
  const absl::Duration until = deadline == absl::InfiniteFuture()
                                   ? absl::InfiniteDuration()
                                   : clock_->Monotonic() + (deadline - absl::Now());
  const auto cancellation = call->cancellation();  // the call may be gone when Submit returns
  predictor_->Submit(
      *std::move(converted), until,
      [call](absl::StatusOr<PredictResponse> result) { call->Answer(std::move(result)); },
      cancellation);
  return call;
}

}  // namespace graft
