#include "core/store/sqlite/models.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/store/sqlite/model_labels.h"
#include "core/store/sqlite/paging.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

constexpr char kSelectVersion[] =
    "SELECT v.seq, m.project, m.name, v.version, v.job_id, v.artifact_prefix, v.artifact_sha256, "
    "v.description, v.metrics, v.dataset_digest, v.bytes, v.create_time "
    "FROM model_versions v JOIN models m ON m.seq = v.model_seq "
    "WHERE m.project = ? AND m.name = ? ";

// Models with versions left; the aggregates are over these.
constexpr char kSelectModel[] =
    "SELECT m.seq, m.project, m.name, MAX(v.version), COUNT(*), v.create_time, m.pinned "
    "FROM models m JOIN model_versions v ON v.model_seq = m.seq WHERE m.project = ? ";

struct VersionRow {
  int64_t seq = 0;
  ModelVersion version;
};

absl::Status NoSuchVersion(absl::string_view model, int64_t version) {
  if (version == 0) return absl::NotFoundError(absl::StrCat("model \"", model, "\" not found"));
  return absl::NotFoundError(absl::StrCat("model \"", model, "\" has no version ", version));
}

VersionRow ReadVersion(const Statement& statement) {
  VersionRow row;
  ModelVersion& version = row.version;
  row.seq = statement.Int(0);
  version.project = statement.Text(1);
  version.model = statement.Text(2);
  version.version = statement.Int(3);
  version.job_id = statement.Text(4);
  version.artifact_prefix = statement.Text(5);
  version.artifact_sha256 = statement.Text(6);
  version.description = statement.Text(7);
  version.metrics = statement.Text(8);
  version.dataset_digest = statement.Text(9);
  version.bytes = statement.Int(10);
  version.create_time = statement.Time(11);
  return row;
}

// `version` 0: the latest.
absl::StatusOr<VersionRow> LoadVersion(Session& session, absl::string_view project,
                                       absl::string_view model, int64_t version) {
  if (version < 0) {
    return absl::InvalidArgumentError(absl::StrCat("version: ", version, " is below 0"));
  }
  Statement select(session.db,
                   absl::StrCat(kSelectVersion, version == 0 ? "AND ? = 0" : "AND v.version = ?",
                                " ORDER BY v.version DESC LIMIT 1"),
                   project, model, version);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return NoSuchVersion(model, version);
  return ReadVersion(select);
}

Model ReadModel(const Statement& statement) {
  Model model;
  model.project = statement.Text(1);
  model.name = statement.Text(2);
  model.latest_version = statement.Int(3);
  model.version_count = statement.Int(4);
  model.update_time = statement.Time(5);  // of the row that has the MAX
  model.pinned = statement.Int(6) != 0;
  return model;
}

}  // namespace

absl::StatusOr<int64_t> PublishVersion(Session& session, const jobs::Job& job,
                                       const JobOutcome& outcome) {
  const ModelVersion& version = *outcome.version;
  Statement number(session.db,
                   "INSERT INTO models (project, name, last_version) VALUES (?, ?, 1) "
                   "ON CONFLICT (project, name) DO UPDATE SET last_version = last_version + 1 "
                   "RETURNING seq, last_version",
                   job.project, job.model_name);
  GRAFT_RETURN_IF_ERROR(number.Run());
  const int64_t model_seq = number.Int(0);
  const int64_t next = number.Int(1);
  Statement insert(session.db,
                   "INSERT INTO model_versions (model_seq, version, job_id, artifact_prefix, "
                   "artifact_sha256, description, metrics, dataset_digest, bytes, create_time) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   model_seq, next, job.id, version.artifact_prefix, version.artifact_sha256,
                   version.description, Blob{version.metrics}, job.dataset_digest, version.bytes,
                   session.now);
  GRAFT_RETURN_IF_ERROR(insert.Run());
  Statement details(session.db,
                    "INSERT INTO model_version_details (version_seq, report, card) "
                    "VALUES (?, ?, ?)",
                    LastRowId(session.db), Blob{outcome.report}, Blob{outcome.card});
  GRAFT_RETURN_IF_ERROR(details.Run());
  return next;
}

absl::StatusOr<ModelVersion> GetModelVersion(Session& session, absl::string_view project,
                                             absl::string_view model, int64_t version) {
  GRAFT_ASSIGN_OR_RETURN(VersionRow row, LoadVersion(session, project, model, version));
  return std::move(row.version);
}

absl::StatusOr<ModelVersionDetails> GetModelVersionDetails(Session& session,
                                                           absl::string_view project,
                                                           absl::string_view model,
                                                           int64_t version) {
  GRAFT_ASSIGN_OR_RETURN(const VersionRow row, LoadVersion(session, project, model, version));
  Statement select(session.db,
                   "SELECT report, card FROM model_version_details WHERE version_seq = ?", row.seq);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return ModelVersionDetails();
  return ModelVersionDetails{select.Text(0), select.Text(1)};
}

absl::StatusOr<Model> GetModel(Session& session, absl::string_view project,
                               absl::string_view model) {
  Statement select(session.db, absl::StrCat(kSelectModel, "AND m.name = ? GROUP BY m.seq"), project,
                   model);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return NoSuchVersion(model, 0);
  return ReadModel(select);
}

absl::StatusOr<std::vector<int64_t>> ListVersionNumbers(Session& session, absl::string_view project,
                                                        absl::string_view model) {
  Statement select(session.db,
                   "SELECT v.version FROM model_versions v JOIN models m ON m.seq = v.model_seq "
                   "WHERE m.project = ? AND m.name = ? ORDER BY v.version",
                   project, model);
  std::vector<int64_t> numbers;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    numbers.push_back(select.Int(0));
  }
  if (numbers.empty()) return NoSuchVersion(model, 0);
  return numbers;
}

absl::StatusOr<Page<Model>> ListModels(Session& session, absl::string_view project,
                                       const PageOptions& page) {
  GRAFT_ASSIGN_OR_RETURN(const PageStart start, StartOfPage("models", page));
  Statement select(
      session.db,
      absl::StrCat(kSelectModel, "AND m.seq < ? GROUP BY m.seq ORDER BY m.seq DESC LIMIT ?"),
      project, start.before, start.size + 1);
  Page<Model> result;
  int64_t last_seq = 0;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return result;
    if (static_cast<int>(result.items.size()) == start.size) {
      result.next_page_token = PageToken("models", last_seq);
      return result;
    }
    last_seq = select.Int(0);
    result.items.push_back(ReadModel(select));
  }
}

absl::StatusOr<Page<ModelVersion>> ListModelVersions(Session& session, absl::string_view project,
                                                     absl::string_view model,
                                                     const PageOptions& page) {
  GRAFT_ASSIGN_OR_RETURN(const PageStart start, StartOfPage("versions", page));
  GRAFT_RETURN_IF_ERROR(GetModel(session, project, model).status());
  Statement select(session.db,
                   absl::StrCat(kSelectVersion, "AND v.seq < ? ORDER BY v.seq DESC LIMIT ?"),
                   project, model, start.before, start.size + 1);
  Page<ModelVersion> result;
  int64_t last_seq = 0;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return result;
    if (static_cast<int>(result.items.size()) == start.size) {
      result.next_page_token = PageToken("versions", last_seq);
      return result;
    }
    VersionRow row = ReadVersion(select);
    last_seq = row.seq;
    result.items.push_back(std::move(row.version));
  }
}

absl::StatusOr<std::vector<ModelVersion>> DeleteModel(Session& session, absl::string_view project,
                                                      absl::string_view model, int64_t version) {
  if (version < 0) {
    return absl::InvalidArgumentError(absl::StrCat("version: ", version, " is below 0"));
  }
  std::vector<VersionRow> rows;
  {
    Statement select(session.db,
                     absl::StrCat(kSelectVersion, version == 0 ? "AND ? = 0" : "AND v.version = ?",
                                  " ORDER BY v.version"),
                     project, model, version);
    while (true) {
      GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
      if (!more) break;
      rows.push_back(ReadVersion(select));
    }
  }
  if (rows.empty()) return NoSuchVersion(model, version);
  if (version == 0) {
    GRAFT_RETURN_IF_ERROR(DeleteLabelsOf(session, project, model));
  } else {
    GRAFT_RETURN_IF_ERROR(CheckUnlabelled(session, rows.front().seq));
  }
  std::vector<ModelVersion> deleted;
  for (VersionRow& row : rows) {
    Statement remove(session.db, "DELETE FROM model_versions WHERE seq = ?", row.seq);
    GRAFT_RETURN_IF_ERROR(remove.Run());
    deleted.push_back(std::move(row.version));
  }
  Statement unpin(session.db,
                  "UPDATE models SET pinned = 0 WHERE project = ? AND name = ? AND NOT EXISTS "
                  "(SELECT 1 FROM model_versions v WHERE v.model_seq = models.seq)",
                  project, model);
  GRAFT_RETURN_IF_ERROR(unpin.Run());
  return deleted;
}

absl::Status SetModelPin(Session& session, absl::string_view project, absl::string_view model,
                         bool pinned) {
  GRAFT_RETURN_IF_ERROR(GetModel(session, project, model).status());
  Statement set(session.db, "UPDATE models SET pinned = ? WHERE project = ? AND name = ?",
                int64_t{pinned}, project, model);
  return set.Run();
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListPinnedModels(
    Session& session) {
  Statement select(session.db, "SELECT project, name FROM models WHERE pinned = 1");
  std::vector<std::pair<std::string, std::string>> models;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return models;
    models.emplace_back(select.Text(0), select.Text(1));
  }
}

}  // namespace graft::store::sqlite
