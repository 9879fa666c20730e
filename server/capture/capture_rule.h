#ifndef GRAFT_SERVER_CAPTURE_CAPTURE_RULE_H_
#define GRAFT_SERVER_CAPTURE_CAPTURE_RULE_H_

#include <optional>

#include "absl/strings/string_view.h"

#include "core/store/capture.h"
#include "wire/tasks/first_answer.h"

namespace graft::server {

// Whether a picture that was answered so is one that the policy wants, before its share is drawn.
// Pure.
bool Qualifies(const store::CapturePolicy& policy, const wire::FirstAnswer& answer,
               std::optional<double> unknown_score);

// Whether it is among the policy's share, by the digest of its bytes: a picture that comes again is
// not drawn again. Pure.
bool IsDrawn(const store::CapturePolicy& policy, absl::string_view digest);

}  // namespace graft::server

#endif  // GRAFT_SERVER_CAPTURE_CAPTURE_RULE_H_
