#ifndef GRAFT_SERVER_JOBS_ORPHAN_SWEEP_H_
#define GRAFT_SERVER_JOBS_ORPHAN_SWEEP_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/store/blob_references.h"
#include "core/store/metadata_store.h"

namespace graft::server {

// Whether a blob is left from a crash: under datasets/ or captures/ without a row, under jobs/
// neither published nor of a job that may still run, under checkpoints/ of no such job. Anything
// else is not ours to judge and stays. Pure.
bool IsOrphan(absl::string_view key, const store::BlobReferences& references);

// Deletes all orphans; answers how many. To be called while nothing writes: at the start, before
// the listeners open.
absl::StatusOr<int64_t> SweepOrphans(store::MetadataStore& store, artifacts::BlobStore& blobs);

// Deletes what a job that has ended left: its checkpoints, and what attempts other than that with
// fence `published` (0: none) wrote under jobs/<job>/. Answers how many blobs.
absl::StatusOr<int64_t> SweepEndedJob(artifacts::BlobStore& blobs, const std::string& job_id,
                                      uint64_t published);

// Empties the folder of uploads, or makes it.
absl::Status ResetTemporaryFolder(const std::filesystem::path& folder);

}  // namespace graft::server

#endif  // GRAFT_SERVER_JOBS_ORPHAN_SWEEP_H_
