#include "core/serving/request_check.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"

namespace graft {

absl::Status CheckRequest(const PredictRequest& request, uint64_t bytes,
                          const Predictor::Options& options) {
  if (request.model.empty()) return InvalidField("model", "must be named");
  if (request.version < 0) {
    return InvalidField("version",
                        absl::StrCat("must be 0 (the latest) or more, not ", request.version));
  }
  if (request.top_k < 1) {
    return InvalidField("top_k", absl::StrCat("must be at least 1, not ", request.top_k));
  }
  if (request.images.empty() ||
      request.images.size() > static_cast<size_t>(options.max_images_per_request)) {
    return InvalidField("inputs", absl::StrCat("must be 1 to ", options.max_images_per_request,
                                               ", not ", request.images.size()));
  }
  for (size_t i = 0; i < request.images.size(); ++i) {
    const std::string field = absl::StrCat("inputs[", i, "]");
    const size_t size = request.images[i].size();
    if (size == 0) return InvalidField(field, "empty");
    if (size > options.max_bytes_per_image) {
      return InvalidField(field, absl::StrCat(size, " bytes, more than the limit of ",
                                              options.max_bytes_per_image));
    }
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
  if (options.max_images_per_request < 1 ||
      options.max_images_per_request > options.max_pending_images) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_images_per_request must be 1 to max_pending_images (",
                     options.max_pending_images, "), not ", options.max_images_per_request));
  }
  if (options.max_bytes_per_image < 1 || options.max_bytes_per_image > options.max_pending_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_bytes_per_image must be 1 to max_pending_bytes (",
                     options.max_pending_bytes, "), not ", options.max_bytes_per_image));
  }
  return absl::OkStatus();
}

}  // namespace graft
