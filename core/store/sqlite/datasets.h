#ifndef GRAFT_CORE_STORE_SQLITE_DATASETS_H_
#define GRAFT_CORE_STORE_SQLITE_DATASETS_H_

#include <optional>

#include "core/store/sqlite/session.h"

// The dataset verbs of MetadataStore, inside an open transaction.
namespace graft::store::sqlite {

absl::StatusOr<CreateDatasetResult> CreateDataset(Session& session, const Dataset& dataset);
absl::StatusOr<std::optional<Dataset>> FindDatasetByArchive(Session& session,
                                                            absl::string_view project,
                                                            absl::string_view archive_sha256);
absl::StatusOr<Dataset> GetDataset(Session& session, absl::string_view project,
                                   absl::string_view id);
absl::StatusOr<Page<Dataset>> ListDatasets(Session& session, absl::string_view project,
                                           const PageOptions& page);
absl::StatusOr<Dataset> DeleteDataset(Session& session, absl::string_view project,
                                      absl::string_view id);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_DATASETS_H_
