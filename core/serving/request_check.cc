#include "core/serving/request_check.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"

namespace graft::serving {

absl::Status CheckRequest(const PredictRequest& request, uint64_t bytes,
                          const Predictor::Options& options) {
  if (request.models.empty()) return InvalidField("models", "name at least one");
  for (const ModelAsk& ask : request.models) {
    if (ask.model.empty()) return InvalidField(absl::StrCat(ask.field, "model"), "must be named");
    if (ask.version < 0) {
      return InvalidField(absl::StrCat(ask.field, "version"),
                          absl::StrCat("must be 0 (the latest) or more, not ", ask.version));
    }
  }
  if (request.inputs.empty() ||
      request.inputs.size() > static_cast<size_t>(options.max_inputs_per_request)) {
    return InvalidField("inputs", absl::StrCat("must be 1 to ", options.max_inputs_per_request,
                                               ", not ", request.inputs.size()));
  }
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const std::string field = absl::StrCat("inputs[", i, "]");
    const size_t size = InputBytes(request.inputs[i]);
    if (size == 0) return InvalidField(field, "empty");
    if (size > options.max_bytes_per_input) {
      return InvalidField(field, absl::StrCat(size, " bytes, more than the limit of ",
                                              options.max_bytes_per_input));
    }
  }
  if (request.rows() > static_cast<size_t>(options.max_pending_inputs)) {
    return InvalidField(
        "models", absl::StrCat(request.models.size(), " models and ", request.inputs.size(),
                               " inputs are ", request.rows(), " answers, more than the limit of ",
                               options.max_pending_inputs, "; ask for fewer at a time"));
  }
  if (bytes > options.max_pending_bytes) {
    return InvalidField("inputs",
                        absl::StrCat(bytes, " bytes together, more than the limit of ",
                                     options.max_pending_bytes, "; send fewer at a time"));
  }
  return absl::OkStatus();
}

absl::Status Validate(const Predictor::Options& options) {
  GRAFT_RETURN_IF_ERROR(Validate(options.batch));
  if (options.decode_threads < 1 || options.decode_threads > 256) {
    return absl::InvalidArgumentError(
        absl::StrCat("decode_threads must be 1 to 256, not ", options.decode_threads));
  }
  if (options.max_inputs_per_request < 1 ||
      options.max_inputs_per_request > options.max_pending_inputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_inputs_per_request must be 1 to max_pending_inputs (",
                     options.max_pending_inputs, "), not ", options.max_inputs_per_request));
  }
  if (options.max_inputs_per_caller != 0 &&
      options.max_inputs_per_caller < options.max_inputs_per_request) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_inputs_per_caller must be 0 or at least max_inputs_per_request (",
                     options.max_inputs_per_request, "), not ", options.max_inputs_per_caller));
  }
  if (options.p99_goal < absl::ZeroDuration() || options.p99_goal > absl::Minutes(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("p99_goal must be 0 to 1m, not ", absl::FormatDuration(options.p99_goal)));
  }
  if (options.max_bytes_per_input < 1 || options.max_bytes_per_input > options.max_pending_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_bytes_per_input must be 1 to max_pending_bytes (",
                     options.max_pending_bytes, "), not ", options.max_bytes_per_input));
  }
  return absl::OkStatus();
}

}  // namespace graft::serving
