#ifndef GRAFT_SERVER_API_AUTHORIZE_H_
#define GRAFT_SERVER_API_AUTHORIZE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/api/caller.h"

namespace graft::server {

// What a method does with a project, in the words that roles will be given by. To review is to look
// at pictures that others have asked about.
enum class Permission { kView, kUpload, kTrain, kPredict, kDelete, kReview };

// A method of the API. One that has no rule is never run.
struct MethodRule {
  absl::string_view method;  // "graft.v1.FineTuneService/GetStatus"
  Permission permission;
  // Begins something new, which a server that stops does not.
  bool starts_work = false;
};

// The rules of all methods of graft.v1.
absl::Span<const MethodRule> MethodRules();

// Null for a method that has none.
const MethodRule* FindMethodRule(absl::string_view method);

// What somebody wants to do.
struct Action {
  const MethodRule& rule;
  std::string project;
};

// The only place that says who may do what: PERMISSION_DENIED or OK. Today everyone may do
// everything; there is nothing that tells callers apart. A pure function.
absl::Status Authorize(const Principal& principal, const Action& action);

using AuthorizeFunction = std::function<absl::Status(const Principal&, const Action&)>;

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_AUTHORIZE_H_
