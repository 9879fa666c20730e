#ifndef GRAFT_CORE_STORE_ROW_UPGRADE_H_
#define GRAFT_CORE_STORE_ROW_UPGRADE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace graft::store {

// Brings what rows of an older schema hold in formats of their writer's (bytes that core/ passes
// through) to the formats of this program. Called while a database is opened, within the
// transaction of the schema step. Whatever cannot be read is answered as it came: then that row is
// damaged, not the database. The defaults change nothing.
class RowUpgrade {
 public:
  virtual ~RowUpgrade() = default;

  // To schema 3: the report of a job gets a row of its own, the rest of what was its result joins
  // the progress.
  virtual std::string JobSpec(std::string spec) { return spec; }
  struct JobParts {
    std::string progress;
    std::string report;
  };
  virtual JobParts JobResult(std::string progress, std::string result) {
    return {std::move(progress), std::move(result)};
  }

  // To schema 3: a dataset has a headline.
  struct DatasetParts {
    std::string manifest;
    std::string headline;
  };
  virtual DatasetParts DatasetManifest(std::string manifest) { return {std::move(manifest), ""}; }

  // To schema 3: a version has the description of its artefact, as one JSON document.
  // `from_columns` is what the row said of it: without the sizes of the head.
  virtual std::string VersionDescription(absl::string_view /*artifact_prefix*/,
                                         absl::string_view /*artifact_sha256*/,
                                         std::string from_columns) {
    return from_columns;
  }
  struct VersionParts {
    std::string metrics;
    std::string report;
  };
  virtual VersionParts VersionMetrics(std::string metrics) { return {std::move(metrics), ""}; }
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_ROW_UPGRADE_H_
