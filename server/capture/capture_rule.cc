#include "server/capture/capture_rule.h"

#include "core/base/sampling.h"

namespace graft::server {

bool Qualifies(const store::CapturePolicy& policy, const wire::FirstAnswer& answer,
               std::optional<double> unknown_score) {
  if (answer.probability.has_value() && *answer.probability < policy.max_confidence) return true;
  return policy.unknown && unknown_score.has_value() && *unknown_score >= 1;
}

bool IsDrawn(const store::CapturePolicy& policy, absl::string_view digest) {
  return InShare(digest, policy.share);
}

}  // namespace graft::server
