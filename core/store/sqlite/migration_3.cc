#include "core/store/sqlite/migration_3.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

constexpr char kBefore[] = R"sql(
CREATE TABLE job_reports (
  job_seq INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE,
  report BLOB NOT NULL
) STRICT;

CREATE TABLE dataset_manifests (
  dataset_seq INTEGER PRIMARY KEY REFERENCES datasets (seq) ON DELETE CASCADE,
  manifest BLOB NOT NULL
) STRICT;
ALTER TABLE datasets ADD COLUMN headline TEXT NOT NULL DEFAULT '';

CREATE TABLE model_version_details (
  version_seq INTEGER PRIMARY KEY REFERENCES model_versions (seq) ON DELETE CASCADE,
  report BLOB NOT NULL,
  card BLOB NOT NULL
) STRICT;
ALTER TABLE model_versions ADD COLUMN description TEXT NOT NULL DEFAULT '';
)sql";

constexpr char kAfter[] = R"sql(
ALTER TABLE jobs DROP COLUMN result;
ALTER TABLE datasets DROP COLUMN manifest;
DROP TABLE dataset_classes;
DROP TABLE model_version_labels;
DROP TABLE model_version_changed_stages;
ALTER TABLE model_versions DROP COLUMN backbone_id;
ALTER TABLE model_versions DROP COLUMN backbone_digest;
ALTER TABLE model_versions DROP COLUMN cut_point;
ALTER TABLE model_versions DROP COLUMN head;
ALTER TABLE model_versions DROP COLUMN input_spec;
ALTER TABLE model_versions DROP COLUMN card;
)sql";

// A ModelDescription (core/model/model_description.h, format 2) as far as the columns know it.
// Every model before this schema was a classifier; its input_spec was JSON in protobuf's spelling.
constexpr char kDescription[] = R"sql(
json_object(
  'format', 2,
  'backbone', backbone_id,
  'backbone_digest', backbone_digest,
  'cut_point', cut_point,
  'changed_stages', json((SELECT json_group_array(name) FROM (
      SELECT name FROM model_version_changed_stages
      WHERE version_seq = model_versions.seq ORDER BY position))),
  'head', json_object('kind', head),
  'input', CASE WHEN json_valid(CAST(input_spec AS TEXT)) THEN json_object(
      'height', CAST(input_spec AS TEXT) -> '$.height',
      'width', CAST(input_spec AS TEXT) -> '$.width',
      'crop_fraction', CAST(input_spec AS TEXT) -> '$.cropFraction',
      'interpolation', CAST(input_spec AS TEXT) -> '$.interpolation',
      'mean', CAST(input_spec AS TEXT) -> '$.mean',
      'std', CAST(input_spec AS TEXT) -> '$.std',
      'channel_order', CAST(input_spec AS TEXT) -> '$.channelOrder',
      'value_range', CAST(input_spec AS TEXT) -> '$.valueRange') END,
  'task', 'classification',
  'outputs', json_object('labels', json((SELECT json_group_array(name) FROM (
      SELECT name FROM model_version_labels
      WHERE version_seq = model_versions.seq ORDER BY position))))))sql";

absl::StatusOr<std::vector<int64_t>> Sequences(Connection& connection, absl::string_view table) {
  std::vector<int64_t> sequences;
  Statement select(connection, absl::StrCat("SELECT seq FROM ", table));
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return sequences;
    sequences.push_back(select.Int(0));
  }
}

// One row at a time: a report can be megabytes.
absl::Status UpgradeJobs(Connection& connection, RowUpgrade& upgrade) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<int64_t> jobs, Sequences(connection, "jobs"));
  for (const int64_t seq : jobs) {
    std::string spec;
    RowUpgrade::JobParts parts;
    {
      Statement select(connection, "SELECT spec, progress, result FROM jobs WHERE seq = ?", seq);
      GRAFT_RETURN_IF_ERROR(select.Step().status());
      spec = upgrade.JobSpec(select.Text(0));
      parts = upgrade.JobResult(select.Text(1), select.Text(2));
    }
    Statement update(connection, "UPDATE jobs SET spec = ?, progress = ? WHERE seq = ?", Blob{spec},
                     Blob{parts.progress}, seq);
    GRAFT_RETURN_IF_ERROR(update.Run());
    if (parts.report.empty()) continue;
    Statement insert(connection, "INSERT INTO job_reports (job_seq, report) VALUES (?, ?)", seq,
                     Blob{parts.report});
    GRAFT_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::Status UpgradeDatasets(Connection& connection, RowUpgrade& upgrade) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<int64_t> datasets, Sequences(connection, "datasets"));
  for (const int64_t seq : datasets) {
    RowUpgrade::DatasetParts parts;
    {
      Statement select(connection, "SELECT manifest FROM datasets WHERE seq = ?", seq);
      GRAFT_RETURN_IF_ERROR(select.Step().status());
      parts = upgrade.DatasetManifest(select.Text(0));
    }
    Statement insert(connection,
                     "INSERT INTO dataset_manifests (dataset_seq, manifest) VALUES (?, ?)", seq,
                     Blob{parts.manifest});
    GRAFT_RETURN_IF_ERROR(insert.Run());
    Statement update(connection, "UPDATE datasets SET headline = ? WHERE seq = ?", parts.headline,
                     seq);
    GRAFT_RETURN_IF_ERROR(update.Run());
  }
  return absl::OkStatus();
}

absl::Status UpgradeVersions(Connection& connection, RowUpgrade& upgrade) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<int64_t> versions,
                         Sequences(connection, "model_versions"));
  for (const int64_t seq : versions) {
    std::string description;
    RowUpgrade::VersionParts parts;
    {
      Statement select(connection,
                       absl::StrCat("SELECT artifact_prefix, artifact_sha256, metrics, ",
                                    kDescription, " FROM model_versions WHERE seq = ?"),
                       seq);
      GRAFT_RETURN_IF_ERROR(select.Step().status());
      parts = upgrade.VersionMetrics(select.Text(2));
      description = upgrade.VersionDescription(select.Text(0), select.Text(1), select.Text(3));
    }
    Statement insert(connection,
                     "INSERT INTO model_version_details (version_seq, report, card) "
                     "SELECT seq, ?, card FROM model_versions WHERE seq = ?",
                     Blob{parts.report}, seq);
    GRAFT_RETURN_IF_ERROR(insert.Run());
    Statement update(connection,
                     "UPDATE model_versions SET description = ?, metrics = ? WHERE seq = ?",
                     description, Blob{parts.metrics}, seq);
    GRAFT_RETURN_IF_ERROR(update.Run());
  }
  return absl::OkStatus();
}

absl::Status UpgradeRows(Connection& connection, RowUpgrade& upgrade) {
  GRAFT_RETURN_IF_ERROR(UpgradeJobs(connection, upgrade));
  GRAFT_RETURN_IF_ERROR(UpgradeDatasets(connection, upgrade));
  return UpgradeVersions(connection, upgrade);
}

}  // namespace

Migration Migration3() { return {3, kBefore, UpgradeRows, kAfter}; }

}  // namespace graft::store::sqlite
