#include "core/base/refusals.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"

namespace graft {
namespace {

absl::Status NotFound(absl::string_view kind, absl::string_view id, absl::string_view reason) {
  return WithReason(absl::NotFoundError(absl::StrCat(kind, " \"", id, "\" does not exist")),
                    reason);
}

}  // namespace

absl::Status JobNotFound(absl::string_view id) {
  return NotFound("job", id, reasons::kJobNotFound);
}

absl::Status DatasetNotFound(absl::string_view id) {
  return NotFound("dataset", id, reasons::kDatasetNotFound);
}

absl::Status Draining() {
  return WithRetryDelay(
      WithReason(absl::UnavailableError("the server is stopping; try again shortly"),
                 reasons::kDraining),
      absl::Seconds(5));
}

}  // namespace graft
