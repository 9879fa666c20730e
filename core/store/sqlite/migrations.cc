#include "core/store/sqlite/migrations.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/store/sqlite/migration_3.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

// Marks the file as graft's ("grft").
constexpr int64_t kApplicationId = 0x67726674;

// Times are microseconds since 1970 (UTC), NULL where they are not known yet. `seq` is the order of
// creation, by which lists and the queue go. States are numbered as in core/jobs/job.h:
// 1 QUEUED, 2 RUNNING, 3 PAUSED, 4 SUCCEEDED, 5 FAILED, 6 CANCELLED.
constexpr char kVersion1[] = R"sql(
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  project TEXT NOT NULL,
  kind INTEGER NOT NULL,
  spec BLOB NOT NULL,
  spec_digest TEXT NOT NULL,
  request_id TEXT,
  task TEXT NOT NULL,
  strategy TEXT NOT NULL,
  architecture TEXT NOT NULL,
  backbone TEXT NOT NULL,
  backbone_digest TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  model_name TEXT NOT NULL,
  device TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
  desired INTEGER NOT NULL CHECK (desired BETWEEN 1 AND 4),
  create_time INTEGER NOT NULL,
  start_time INTEGER,
  end_time INTEGER,
  fence INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  renewals INTEGER NOT NULL,
  progress BLOB NOT NULL,
  result BLOB NOT NULL,
  stop_reason TEXT NOT NULL,
  error_code TEXT NOT NULL,
  error_message TEXT NOT NULL,
  error_field TEXT NOT NULL,
  error_hint TEXT NOT NULL,
  model_version INTEGER NOT NULL,
  last_event_sequence INTEGER NOT NULL,
  UNIQUE (project, request_id)
) STRICT;
CREATE INDEX jobs_by_project ON jobs (project, seq);
CREATE INDEX jobs_by_state ON jobs (state, project);
CREATE INDEX jobs_by_dataset ON jobs (dataset_id) WHERE state <= 3;

CREATE TABLE job_labels (
  job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (job_seq, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_events (
  job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  payload BLOB NOT NULL,
  state INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (job_seq, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE datasets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  project TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  format TEXT NOT NULL,
  manifest BLOB NOT NULL,
  image_count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  UNIQUE (project, digest)
) STRICT;
CREATE INDEX datasets_by_project ON datasets (project, seq);

CREATE TABLE dataset_classes (
  dataset_seq INTEGER NOT NULL REFERENCES datasets (seq) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  images INTEGER NOT NULL,
  PRIMARY KEY (dataset_seq, position)
) STRICT, WITHOUT ROWID;

-- A row stays when its versions are deleted, so that no version number is given twice.
CREATE TABLE models (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  name TEXT NOT NULL,
  last_version INTEGER NOT NULL,
  UNIQUE (project, name)
) STRICT;
CREATE INDEX models_by_project ON models (project, seq);

CREATE TABLE model_versions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  model_seq INTEGER NOT NULL REFERENCES models (seq),
  version INTEGER NOT NULL,
  job_id TEXT NOT NULL UNIQUE,  -- a job publishes once
  backbone_id TEXT NOT NULL,
  backbone_digest TEXT NOT NULL,
  cut_point TEXT NOT NULL,
  head TEXT NOT NULL,
  artifact_prefix TEXT NOT NULL,
  artifact_sha256 TEXT NOT NULL,
  input_spec BLOB NOT NULL,
  metrics BLOB NOT NULL,
  card BLOB NOT NULL,
  dataset_digest TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  UNIQUE (model_seq, version)
) STRICT;

CREATE TABLE model_version_labels (
  version_seq INTEGER NOT NULL REFERENCES model_versions (seq) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (version_seq, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_version_changed_stages (
  version_seq INTEGER NOT NULL REFERENCES model_versions (seq) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (version_seq, position)
) STRICT, WITHOUT ROWID;
)sql";

// unclean_ends: ends of the server without a drain that the job ran at, since it got further.
// last_batch: the number of the lease's last report. deleted_requests: request ids outlive their
// jobs for a while, so that a late retry makes no second one.
constexpr char kVersion2[] = R"sql(
ALTER TABLE jobs ADD COLUMN unclean_ends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN last_batch INTEGER NOT NULL DEFAULT 0;

CREATE TABLE deleted_requests (
  project TEXT NOT NULL,
  request_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  spec_digest TEXT NOT NULL,
  job_id TEXT NOT NULL,
  delete_time INTEGER NOT NULL,
  PRIMARY KEY (project, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_requests_by_time ON deleted_requests (delete_time);
)sql";

// The archives that datasets came in, so that one that is sent again need not be received.
constexpr char kVersion4[] = R"sql(
CREATE TABLE dataset_archives (
  project TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  dataset_seq INTEGER NOT NULL REFERENCES datasets (seq) ON DELETE CASCADE,
  PRIMARY KEY (project, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX dataset_archives_by_dataset ON dataset_archives (dataset_seq);
)sql";

// Names for versions, which move.
constexpr char kVersion5[] = R"sql(
CREATE TABLE model_labels (
  model_seq INTEGER NOT NULL REFERENCES models (seq),
  label TEXT NOT NULL,
  version_seq INTEGER NOT NULL REFERENCES model_versions (seq),
  update_time INTEGER NOT NULL,
  PRIMARY KEY (model_seq, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_labels_by_version ON model_labels (version_seq);
)sql";

// Models that are kept in memory.
constexpr char kVersion6[] = R"sql(
ALTER TABLE models ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
)sql";

// Pictures kept for labelling, and by which policy. Neither hangs on a model: both outlive it.
constexpr char kVersion7[] = R"sql(
CREATE TABLE capture_policies (
  project TEXT NOT NULL,
  model TEXT NOT NULL,
  max_confidence REAL NOT NULL,
  on_unknown INTEGER NOT NULL,
  share REAL NOT NULL,
  max_pictures INTEGER NOT NULL,
  retention_days INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  PRIMARY KEY (project, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE captured_pictures (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  digest TEXT NOT NULL,
  policy_model TEXT NOT NULL,
  model TEXT NOT NULL,
  version INTEGER NOT NULL,
  answer TEXT NOT NULL,
  probability REAL,
  unknown_score REAL,
  bytes INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  UNIQUE (project, digest)
) STRICT;
CREATE INDEX captured_pictures_by_project ON captured_pictures (project, seq);
CREATE INDEX captured_pictures_by_model ON captured_pictures (project, model, seq);
CREATE INDEX captured_pictures_by_policy ON captured_pictures (project, policy_model, seq);
CREATE INDEX captured_pictures_by_expiry ON captured_pictures (expire_time);
)sql";

const Migration kMigrations[] = {{1, kVersion1}, {2, kVersion2}, Migration3(),  {4, kVersion4},
                                 {5, kVersion5}, {6, kVersion6}, {7, kVersion7}};

absl::StatusOr<int64_t> Number(Connection& connection, absl::string_view sql) {
  Statement statement(connection, sql);
  GRAFT_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

}  // namespace

absl::Span<const Migration> Migrations() { return kMigrations; }

absl::Status Migrate(Connection& connection, absl::Span<const Migration> migrations,
                     RowUpgrade* upgrade) {
  RowUpgrade as_it_is;
  RowUpgrade& rows = upgrade == nullptr ? as_it_is : *upgrade;
  GRAFT_ASSIGN_OR_RETURN(const int64_t current, Number(connection, "PRAGMA user_version"));
  GRAFT_ASSIGN_OR_RETURN(const int64_t application, Number(connection, "PRAGMA application_id"));
  GRAFT_ASSIGN_OR_RETURN(const int64_t tables,
                         Number(connection, "SELECT COUNT(*) FROM sqlite_schema"));
  if (application != kApplicationId && (tables > 0 || application != 0)) {
    return absl::FailedPreconditionError(
        "the metadata database belongs to another program; use another data folder");
  }
  const int newest = migrations.empty() ? 0 : migrations.back().number;
  if (current > newest) {
    return absl::FailedPreconditionError(
        absl::StrCat("the metadata database has schema ", current, ", this program knows ", newest,
                     " at most: a newer version wrote it; run that version"));
  }
  for (const Migration& migration : migrations) {
    if (migration.number <= current) continue;
    Transaction transaction(connection);
    GRAFT_RETURN_IF_ERROR(transaction.Begin());
    const std::string marks = absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                           "; PRAGMA user_version = ", migration.number, ";");
    absl::Status status = connection.Execute(migration.sql);
    if (status.ok() && migration.rows != nullptr) status = migration.rows(connection, rows);
    if (status.ok()) status = connection.Execute(migration.then);
    if (status.ok()) status = connection.Execute(marks.c_str());
    if (status.ok()) status = transaction.Commit();
    if (!status.ok()) return Annotate(status, absl::StrCat("schema step ", migration.number));
  }
  return absl::OkStatus();
}

}  // namespace graft::store::sqlite
