#ifndef GRAFT_SERVER_API_GATE_H_
#define GRAFT_SERVER_API_GATE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

#include "server/api/authorize.h"
#include "server/api/caller.h"
#include "server/api/inference_names.h"

namespace graft::server {

// Where every call of the API comes in, whatever transport brought it: which project it is about,
// whether who asks may do it, and whether the server takes it at present. Safe for concurrent use.
class Gate {
 public:
  struct Options {
    AuthorizeFunction authorize = Authorize;
    // Asked for methods that start work: UNAVAILABLE while the server stops. Quotas of principals
    // and projects belong here too. Empty: always.
    AuthorizeFunction quota;
  };
  Gate() : Gate(Options()) {}
  explicit Gate(Options options) : options_(std::move(options)) {}

  // Lets a call in. The method is the one whose request this is. INVALID_ARGUMENT names `project`;
  // INTERNAL where no rule says what the method does; the refusals of the options.
  template <typename Request>
  absl::StatusOr<Caller> Admit(CallContext context, const Request& request) const {
    return Admit(std::move(context), MethodOf(*Request::descriptor()), ProjectNamedIn(request));
  }

  // The same by the method's name, for requests that come in parts.
  absl::StatusOr<Caller> Admit(CallContext context, absl::string_view method,
                               const std::string& project) const;

 private:
  // "package.Service/Method" of the method in the message's file that takes it; "" for none.
  static std::string MethodOf(const google::protobuf::Descriptor& request);

  const Options options_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_GATE_H_
