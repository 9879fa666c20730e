#include "server/api/gate.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "server/api/resource_names.h"

namespace graft::server {

std::string Gate::MethodOf(const google::protobuf::Descriptor& request) {
  const google::protobuf::FileDescriptor& file = *request.file();
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const google::protobuf::MethodDescriptor& method = *file.service(i)->method(j);
      if (method.input_type() == &request) {
        return absl::StrCat(method.service()->full_name(), "/", method.name());
      }
    }
  }
  return "";
}

absl::StatusOr<Caller> Gate::Admit(CallContext context, absl::string_view method,
                                   const std::string& project) const {
  const MethodRule* rule = FindMethodRule(method);
  if (rule == nullptr) {
    return absl::InternalError(
        absl::StrCat("no rule says who may call ", method, "; server/api/authorize.cc needs one"));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::string named, ProjectOf(project));
  const Action action{*rule, named};
  GRAFT_RETURN_IF_ERROR(options_.authorize(context.principal, action));
  if (rule->starts_work && options_.quota) {
    GRAFT_RETURN_IF_ERROR(options_.quota(context.principal, action));
  }
  return Caller(std::move(context), named);
}

}  // namespace graft::server
