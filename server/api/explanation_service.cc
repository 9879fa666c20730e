#include "server/api/explanation_service.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "server/api/prediction_requests.h"
#include "server/api/resource_names.h"
#include "wire/tasks/catalog.h"

namespace graft::server {
namespace {

constexpr absl::Duration kLongestLoad = absl::Minutes(2);

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
absl::Status InField(const absl::Status& status, absl::string_view field) {
  if (!absl::IsInvalidArgument(status) || !InvalidFieldsOf(status).empty()) return status;
  return InvalidField(field, status.message());
}

}  // namespace

absl::StatusOr<v1::ExplainResponse> ExplanationService::Explain(const Caller& caller,
                                                                const v1::ExplainRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(const serving::ModelAsk ask, ReadAsk(request));
  if (request.input().input_case() != v1::PredictInput::kImage || request.input().image().empty()) {
    return InvalidField("input", "must carry an image");
  }
  if (request.input().image().size() > max_image_bytes_) {
    return InvalidField("input", absl::StrCat(request.input().image().size(),
                                              " bytes, more than the limit of ", max_image_bytes_));
  }
  serving::ModelKey key{caller.project(), ask.model, ask.version};
  if (!ask.label.empty()) {
    GRAFT_ASSIGN_OR_RETURN(key.version,
                           LabelledVersion(*store_, caller.project(), ask.model, ask.label));
  }
  const absl::Duration left = MonotonicDeadline(caller, *clock_) - clock_->Monotonic();
  GRAFT_ASSIGN_OR_RETURN(const serving::AcquiredModel model,
                         serving::AcquireAndWait(*models_, key, std::min(left, kLongestLoad)));
  if (caller.cancelled()) return absl::CancelledError("the request was cancelled");
  if (MonotonicDeadline(caller, *clock_) <= clock_->Monotonic()) {
    return absl::DeadlineExceededError("the deadline passed before the picture was read");
  }
  const tasks::Decoder& decoder = model.servable->decoder();
  const auto choose = [&](absl::Span<const float> outputs) -> absl::StatusOr<int64_t> {
    absl::StatusOr<int64_t> found = decoder.FindOutput(request.of(), outputs);
    if (!found.ok()) return InField(found.status(), "of");
    return found;
  };
  const absl::StatusOr<serving::Explanation> explained = model.servable->Explain(
      serving::EncodedImage{request.input().image()}, choose, request.overlay());
  if (!explained.ok()) return InField(explained.status(), "input");
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
