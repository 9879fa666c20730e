#include "core/store/sqlite/datasets.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/store/sqlite/paging.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

constexpr char kSelect[] =
    "SELECT seq, id, project, name, digest, format, headline, image_count, bytes, create_time "
    "FROM datasets WHERE ";

struct DatasetRow {
  int64_t seq = 0;
  Dataset dataset;
};

// Without the manifest.
DatasetRow ReadDataset(const Statement& statement) {
  DatasetRow row;
  Dataset& dataset = row.dataset;
  row.seq = statement.Int(0);
  dataset.id = statement.Text(1);
  dataset.project = statement.Text(2);
  dataset.name = statement.Text(3);
  dataset.digest = statement.Text(4);
  dataset.format = statement.Text(5);
  dataset.headline = statement.Text(6);
  dataset.image_count = statement.Int(7);
  dataset.bytes = statement.Int(8);
  dataset.create_time = statement.Time(9);
  return row;
}

absl::Status LoadManifest(Session& session, DatasetRow& row) {
  Statement select(session.db, "SELECT manifest FROM dataset_manifests WHERE dataset_seq = ?",
                   row.seq);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (found) row.dataset.manifest = select.Text(0);
  return absl::OkStatus();
}

absl::StatusOr<DatasetRow> LoadDataset(Session& session, absl::string_view project,
                                       absl::string_view id) {
  Statement select(session.db, absl::StrCat(kSelect, "project = ? AND id = ?"), project, id);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return absl::NotFoundError(absl::StrCat("dataset \"", id, "\" not found"));
  return ReadDataset(select);
}

absl::Status RememberArchive(Session& session, int64_t dataset_seq, const Dataset& dataset) {
  if (dataset.archive_sha256.empty()) return absl::OkStatus();
  // A retry writes nothing, so that it is answered on a full disk too.
  Statement known(session.db,
                  "SELECT 1 FROM dataset_archives WHERE project = ? AND sha256 = ? AND "
                  "dataset_seq = ?",
                  dataset.project, dataset.archive_sha256, dataset_seq);
  GRAFT_ASSIGN_OR_RETURN(const bool is_known, known.Step());
  if (is_known) return absl::OkStatus();
  Statement count(session.db, "SELECT COUNT(*) FROM dataset_archives WHERE dataset_seq = ?",
                  dataset_seq);
  GRAFT_RETURN_IF_ERROR(count.Step().status());
  if (count.Int(0) >= kArchivesKept) return absl::OkStatus();
  Statement insert(session.db,
                   "INSERT OR REPLACE INTO dataset_archives (project, sha256, dataset_seq) "
                   "VALUES (?, ?, ?)",
                   dataset.project, dataset.archive_sha256, dataset_seq);
  return insert.Run();
}

}  // namespace

absl::StatusOr<CreateDatasetResult> CreateDataset(Session& session, const Dataset& dataset) {
  if (dataset.id.empty() || dataset.project.empty() || dataset.digest.empty()) {
    return absl::InvalidArgumentError("a dataset needs an id, a project and a digest");
  }
  Statement same(session.db, absl::StrCat(kSelect, "project = ? AND digest = ?"), dataset.project,
                 dataset.digest);
  GRAFT_ASSIGN_OR_RETURN(const bool found, same.Step());
  if (found) {
    DatasetRow row = ReadDataset(same);
    GRAFT_RETURN_IF_ERROR(LoadManifest(session, row));
    GRAFT_RETURN_IF_ERROR(RememberArchive(session, row.seq, dataset));
    return CreateDatasetResult{std::move(row.dataset), false};
  }
  Statement taken(session.db, "SELECT 1 FROM datasets WHERE id = ?", dataset.id);
  GRAFT_ASSIGN_OR_RETURN(const bool id_taken, taken.Step());
  if (id_taken)
    return absl::AlreadyExistsError(absl::StrCat("dataset \"", dataset.id, "\" exists"));

  Statement insert(session.db,
                   "INSERT INTO datasets (id, project, name, digest, format, headline, "
                   "image_count, bytes, create_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   dataset.id, dataset.project, dataset.name, dataset.digest, dataset.format,
                   dataset.headline, dataset.image_count, dataset.bytes, session.now);
  GRAFT_RETURN_IF_ERROR(insert.Run());
  const int64_t seq = LastRowId(session.db);
  Statement manifest(session.db,
                     "INSERT INTO dataset_manifests (dataset_seq, manifest) VALUES (?, ?)", seq,
                     Blob{dataset.manifest});
  GRAFT_RETURN_IF_ERROR(manifest.Run());
  GRAFT_RETURN_IF_ERROR(RememberArchive(session, seq, dataset));
  CreateDatasetResult result{dataset, true};
  result.dataset.create_time = session.now;
  return result;
}

absl::StatusOr<std::optional<Dataset>> FindDatasetByArchive(Session& session,
                                                            absl::string_view project,
                                                            absl::string_view archive_sha256) {
  Statement select(session.db,
                   absl::StrCat(kSelect,
                                "seq = (SELECT dataset_seq FROM dataset_archives "
                                "WHERE project = ? AND sha256 = ?)"),
                   project, archive_sha256);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<Dataset>();
  DatasetRow row = ReadDataset(select);
  GRAFT_RETURN_IF_ERROR(LoadManifest(session, row));
  return std::optional<Dataset>(std::move(row.dataset));
}

absl::StatusOr<Dataset> GetDataset(Session& session, absl::string_view project,
                                   absl::string_view id) {
  GRAFT_ASSIGN_OR_RETURN(DatasetRow row, LoadDataset(session, project, id));
  GRAFT_RETURN_IF_ERROR(LoadManifest(session, row));
  return std::move(row.dataset);
}

absl::StatusOr<Page<Dataset>> ListDatasets(Session& session, absl::string_view project,
                                           const PageOptions& page) {
  GRAFT_ASSIGN_OR_RETURN(const PageStart start, StartOfPage("datasets", page));
  Statement select(session.db,
                   absl::StrCat(kSelect, "project = ? AND seq < ? ORDER BY seq DESC LIMIT ?"),
                   project, start.before, start.size + 1);
  Page<Dataset> result;
  int64_t last_seq = 0;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return result;
    if (static_cast<int>(result.items.size()) == start.size) {
      result.next_page_token = PageToken("datasets", last_seq);
      return result;
    }
    DatasetRow row = ReadDataset(select);
    last_seq = row.seq;
    result.items.push_back(std::move(row.dataset));
  }
}

absl::StatusOr<Dataset> DeleteDataset(Session& session, absl::string_view project,
                                      absl::string_view id) {
  GRAFT_ASSIGN_OR_RETURN(DatasetRow row, LoadDataset(session, project, id));
  // state <= 3: QUEUED, RUNNING or PAUSED, in the words of the index.
  Statement user(session.db,
                 "SELECT id FROM jobs WHERE dataset_id = ? AND state <= 3 ORDER BY seq LIMIT 1",
                 id);
  GRAFT_ASSIGN_OR_RETURN(const bool used, user.Step());
  if (used) {
    return absl::FailedPreconditionError(absl::StrCat("dataset \"", id, "\" is used by job \"",
                                                      user.Text(0),
                                                      "\"; cancel it or wait for its end"));
  }
  Statement remove(session.db, "DELETE FROM datasets WHERE seq = ?", row.seq);
  GRAFT_RETURN_IF_ERROR(remove.Run());
  return std::move(row.dataset);
}

}  // namespace graft::store::sqlite
