#ifndef GRAFT_CORE_BASE_STATUS_MACROS_H_
#define GRAFT_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// GRAFT_RETURN_IF_ERROR(expr): returns the Status of `expr` from this function unless it is OK.
#define GRAFT_RETURN_IF_ERROR(expr)                \
  do {                                             \
    absl::Status graft_status_ = (expr);           \
    if (!graft_status_.ok()) return graft_status_; \
  } while (false)

// NOLINTBEGIN(bugprone-macro-parentheses): `lhs` may be a declaration.
#define GRAFT_CONCAT_INNER_(a, b) a##b
#define GRAFT_CONCAT_(a, b) GRAFT_CONCAT_INNER_(a, b)
#define GRAFT_ASSIGN_OR_RETURN_(result, lhs, expr)     \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = std::move(result).value()

// GRAFT_ASSIGN_OR_RETURN(auto value, expr): `expr` is a StatusOr; returns its Status on error.
#define GRAFT_ASSIGN_OR_RETURN(lhs, expr) \
  GRAFT_ASSIGN_OR_RETURN_(GRAFT_CONCAT_(graft_result_, __LINE__), lhs, expr)
// NOLINTEND(bugprone-macro-parentheses)

namespace graft {

// `status` with "context: " in front of its message; payloads are kept. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace graft

#endif  // GRAFT_CORE_BASE_STATUS_MACROS_H_
