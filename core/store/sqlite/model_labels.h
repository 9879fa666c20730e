#ifndef GRAFT_CORE_STORE_SQLITE_MODEL_LABELS_H_
#define GRAFT_CORE_STORE_SQLITE_MODEL_LABELS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/sqlite/session.h"

// The verbs of MetadataStore about labels, inside an open transaction.
namespace graft::store::sqlite {

absl::StatusOr<int64_t> SetModelLabel(Session& session, const ModelLabel& label,
                                      std::optional<int64_t> expected);
absl::StatusOr<std::vector<ModelLabel>> ListModelLabels(Session& session, absl::string_view project,
                                                        absl::string_view model);
absl::StatusOr<std::vector<ModelLabel>> ListAllModelLabels(Session& session);

// For a version about to be deleted: FAILED_PRECONDITION names a label that it has.
absl::Status CheckUnlabelled(Session& session, int64_t version_seq);
// For a model about to be deleted.
absl::Status DeleteLabelsOf(Session& session, absl::string_view project, absl::string_view model);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_MODEL_LABELS_H_
