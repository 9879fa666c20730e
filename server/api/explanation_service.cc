#include "server/api/explanation_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/serving/acquire_asked.h"
#include "server/api/logged_request.h"
#include "server/api/prediction_requests.h"
#include "server/api/run_handler.h"
#include "wire/tasks/catalog.h"

namespace graft::server {
namespace {

v1::HeatMap ToProto(const model::HeatMap& map) {
  v1::HeatMap message;
  message.set_height(map.height);
  message.set_width(map.width);
  message.mutable_values()->Add(map.values.begin(), map.values.end());
  message.set_left(map.left);
  message.set_top(map.top);
  message.set_right(map.right);
  message.set_bottom(map.bottom);
  return message;
}

// Wrong input is named by the field that carries it.
absl::Status NamingField(const absl::Status& status, absl::string_view field) {
  if (!absl::IsInvalidArgument(status) || !InvalidFieldsOf(status).empty()) return status;
  return InvalidField(field, status.message());
}

// What is wrong with the request, whatever the model.
absl::Status Check(const v1::ExplainRequest& request, uint64_t max_image_bytes) {
  if (request.input().input_case() != v1::PredictInput::kImage || request.input().image().empty()) {
    return InvalidField("input", "must carry an image");
  }
  if (request.input().image().size() > max_image_bytes) {
    return InvalidField("input", absl::StrCat(request.input().image().size(),
                                              " bytes, more than the limit of ", max_image_bytes));
  }
  return absl::OkStatus();
}

}  // namespace

struct ExplanationService::Pending {
  Caller caller;
  v1::ExplainRequest request;
  Done done;
};

bool ExplanationService::Enter() {
  absl::MutexLock lock(&mutex_);
  if (inside_ == kMostInside) return false;
  ++inside_;
  return true;
}

void ExplanationService::Finish(const std::shared_ptr<Pending>& pending,
                                absl::StatusOr<v1::ExplainResponse> response) {
  pending->request.Clear();
  {
    absl::MutexLock lock(&mutex_);
    --inside_;
  }
  pending->done(std::move(response));
}

void ExplanationService::Explain(const Caller& caller, v1::ExplainRequest request, Done done) {
  if (const auto logged = LoggedRequest::Begin(log_, clock_, caller, "Explain")) {
    logged->Ask(request);
    done = [logged, done = std::move(done)](absl::StatusOr<v1::ExplainResponse> response) {
      logged->End(response);
      done(std::move(response));
    };
  }
  const absl::StatusOr<serving::ModelAsk> ask = ReadAsk(request);
  absl::Status wrong = ask.status();
  if (wrong.ok()) wrong = Check(request, max_image_bytes_);
  if (!wrong.ok()) return done(std::move(wrong));
  if (!Enter()) return done(Overloaded());
  const auto pending =
      std::make_shared<Pending>(Pending{caller, std::move(request), std::move(done)});
  const auto acquired = [this, pending](absl::StatusOr<serving::AcquiredModel> model) {
    if (!model.ok()) return Finish(pending, model.status());
    const bool queued = threads_->TrySubmit(
        [this, pending, model = *std::move(model)] { Finish(pending, Compute(*pending, model)); });
    if (!queued) Finish(pending, Overloaded());
  };
  serving::AcquireAsked(models_, caller.project(), *ask, acquired);
}

absl::StatusOr<v1::ExplainResponse> ExplanationService::Compute(
    const Pending& pending, const serving::AcquiredModel& model) const {
  const v1::ExplainRequest& request = pending.request;
  if (pending.caller.cancelled()) return absl::CancelledError("the request was cancelled");
  if (MonotonicDeadline(pending.caller, *clock_) <= clock_->Monotonic()) {
    return absl::DeadlineExceededError("the deadline passed before the picture was read");
  }
  const tasks::Decoder& decoder = model.servable->decoder();
  const auto choose = [&](absl::Span<const float> outputs) -> absl::StatusOr<int64_t> {
    absl::StatusOr<int64_t> found = decoder.FindOutput(request.of(), outputs);
    if (!found.ok()) return NamingField(found.status(), "of");
    return found;
  };
  const absl::StatusOr<serving::Explanation> explained = model.servable->Explain(
      serving::EncodedImage{request.input().image()}, choose, request.overlay());
  if (!explained.ok()) return NamingField(explained.status(), "input");
  v1::ExplainResponse response;
  response.set_model(model.key.model);
  response.set_version(model.key.version);
  response.set_of(decoder.OutputName(explained->of));
  *response.mutable_map() = ToProto(explained->map);
  GRAFT_ASSIGN_OR_RETURN(const auto output,
                         decoder.Decode(explained->numbers.outputs, nullptr, {}));
  const absl::StatusOr<v1::TaskOutput> converted = wire::OutputToProto(*output);
  if (!converted.ok()) return absl::InternalError(converted.status().message());
  *response.mutable_output() = *converted;
  response.set_overlay_png(explained->overlay_png);
  return response;
}

}  // namespace graft::server
