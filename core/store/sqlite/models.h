#ifndef GRAFT_CORE_STORE_SQLITE_MODELS_H_
#define GRAFT_CORE_STORE_SQLITE_MODELS_H_

#include <cstdint>
#include <vector>

#include "core/store/sqlite/session.h"

// The model verbs of MetadataStore, inside an open transaction.
namespace graft::store::sqlite {

// Adds the version that `job` made (outcome.version, which must be set, with report and card),
// under the next number of the job's model; answers the number.
absl::StatusOr<int64_t> PublishVersion(Session& session, const jobs::Job& job,
                                       const JobOutcome& outcome);

absl::StatusOr<ModelVersion> GetModelVersion(Session& session, absl::string_view project,
                                             absl::string_view model, int64_t version);
absl::StatusOr<ModelVersionDetails> GetModelVersionDetails(Session& session,
                                                           absl::string_view project,
                                                           absl::string_view model,
                                                           int64_t version);
absl::StatusOr<Model> GetModel(Session& session, absl::string_view project,
                               absl::string_view model);
absl::StatusOr<std::vector<int64_t>> ListVersionNumbers(Session& session, absl::string_view project,
                                                        absl::string_view model);
absl::StatusOr<Page<Model>> ListModels(Session& session, absl::string_view project,
                                       const PageOptions& page);
absl::StatusOr<Page<ModelVersion>> ListModelVersions(Session& session, absl::string_view project,
                                                     absl::string_view model,
                                                     const PageOptions& page);
absl::StatusOr<std::vector<ModelVersion>> DeleteModel(Session& session, absl::string_view project,
                                                      absl::string_view model, int64_t version);

absl::Status SetModelPin(Session& session, absl::string_view project, absl::string_view model,
                         bool pinned);
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListPinnedModels(Session& session);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_MODELS_H_
