#ifndef GRAFT_WIRE_STORED_UPGRADE_H_
#define GRAFT_WIRE_STORED_UPGRADE_H_

#include <string>

#include "absl/strings/string_view.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/store/row_upgrade.h"

namespace graft::wire {

// Brings the messages that rows of an older database hold (graft/stored/v1/stored.proto) to those
// of graft.v1. Not safe for concurrent use, and need not be: a database is opened once.
class StoredUpgrade final : public store::RowUpgrade {
 public:
  // `blobs` is borrowed: descriptions of versions are taken from the manifests in it.
  explicit StoredUpgrade(artifacts::BlobStore* blobs) : blobs_(blobs) {}

  std::string JobSpec(std::string spec) override;
  JobParts JobResult(std::string progress, std::string result) override;
  DatasetParts DatasetManifest(std::string manifest) override;
  // Where the manifest is missing or not what was published, what the columns said stays. It lacks
  // the sizes of the head: such a version can be listed and deleted, no more.
  std::string VersionDescription(absl::string_view artifact_prefix,
                                 absl::string_view artifact_sha256,
                                 std::string from_columns) override;
  VersionParts VersionMetrics(std::string metrics) override;

 private:
  artifacts::BlobStore* const blobs_;
};

}  // namespace graft::wire

#endif  // GRAFT_WIRE_STORED_UPGRADE_H_
