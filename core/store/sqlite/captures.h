#ifndef GRAFT_CORE_STORE_SQLITE_CAPTURES_H_
#define GRAFT_CORE_STORE_SQLITE_CAPTURES_H_

#include <vector>

#include "core/store/sqlite/session.h"

// The verbs of CaptureStore, inside an open transaction.
namespace graft::store::sqlite {

absl::StatusOr<CapturePolicy> SetCapturePolicy(Session& session, const CapturePolicy& policy);
absl::Status DeleteCapturePolicy(Session& session, absl::string_view project,
                                 absl::string_view model);
absl::StatusOr<std::vector<CapturePolicy>> ListAllCapturePolicies(Session& session);
absl::StatusOr<bool> AddCapturedPicture(Session& session, const CapturedPicture& picture,
                                        absl::Duration retention);
absl::StatusOr<CapturedPicture> GetCapturedPicture(Session& session, absl::string_view project,
                                                   absl::string_view digest);
absl::StatusOr<Page<CapturedPicture>> ListCapturedPictures(Session& session,
                                                           absl::string_view project,
                                                           absl::string_view model,
                                                           const PageOptions& page);
absl::StatusOr<CaptureTotals> CountCapturedPictures(Session& session, const CaptureFilter& filter);
absl::StatusOr<std::vector<CapturedPicture>> DeleteCapturedPictures(Session& session,
                                                                    const CaptureFilter& filter,
                                                                    int limit);
absl::StatusOr<CapturedPicture> DeleteCapturedPicture(Session& session, absl::string_view project,
                                                      absl::string_view digest);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_CAPTURES_H_
