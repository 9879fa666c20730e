#include "core/store/sqlite/references.h"

#include "core/base/status_macros.h"
#include "core/jobs/job.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {

absl::StatusOr<BlobReferences> ListBlobReferences(Session& session) {
  BlobReferences references;
  Statement versions(session.db, "SELECT artifact_prefix FROM model_versions");
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, versions.Step());
    if (!more) break;
    references.artifact_prefixes.insert(versions.Text(0));
  }
  Statement jobs(session.db, "SELECT id FROM jobs WHERE state <= ?", jobs::JobState::kPaused);
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, jobs.Step());
    if (!more) break;
    references.live_jobs.insert(jobs.Text(0));
  }
  Statement datasets(session.db, "SELECT project, digest FROM datasets");
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, datasets.Step());
    if (!more) break;
    references.datasets.emplace(datasets.Text(0), datasets.Text(1));
  }
  Statement captures(session.db, "SELECT project, digest FROM captured_pictures");
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, captures.Step());
    if (!more) break;
    references.captures.emplace(captures.Text(0), captures.Text(1));
  }
  return references;
}

}  // namespace graft::store::sqlite
