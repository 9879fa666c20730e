#ifndef GRAFT_CORE_STORE_SQLITE_REQUEST_IDS_H_
#define GRAFT_CORE_STORE_SQLITE_REQUEST_IDS_H_

#include <optional>

#include "core/store/sqlite/session.h"

// What request ids have been used for, inside an open transaction.
namespace graft::store::sqlite {

// The job that an earlier request with the job's request_id made, if there is one. ALREADY_EXISTS
// when that request had other content; FAILED_PRECONDITION when the job was deleted since, up to
// kRequestIdsKept ago.
absl::StatusOr<std::optional<jobs::Job>> FindByRequest(Session& session, const jobs::Job& job);

// Keeps the request_id of a job that is being deleted, and forgets those kept for long enough.
absl::Status RememberRequest(Session& session, const jobs::Job& job);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_REQUEST_IDS_H_
