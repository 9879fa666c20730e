#include "core/store/sqlite/model_labels.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

constexpr char kSelect[] =
    "SELECT m.project, m.name, l.label, v.version FROM model_labels l "
    "JOIN models m ON m.seq = l.model_seq JOIN model_versions v ON v.seq = l.version_seq ";

absl::StatusOr<std::vector<ModelLabel>> ReadAll(Statement& select) {
  std::vector<ModelLabel> labels;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return labels;
    labels.push_back({select.Text(0), select.Text(1), select.Text(2), select.Int(3)});
  }
}

std::string Quoted(const ModelLabel& label) {
  return absl::StrCat("label \"", label.label, "\" of model \"", label.model, "\"");
}

}  // namespace

absl::StatusOr<int64_t> SetModelLabel(Session& session, const ModelLabel& label,
                                      std::optional<int64_t> expected) {
  int64_t model_seq = 0;
  {
    Statement model(session.db,
                    "SELECT seq FROM models m WHERE project = ? AND name = ? AND EXISTS "
                    "(SELECT 1 FROM model_versions v WHERE v.model_seq = m.seq)",
                    label.project, label.model);
    GRAFT_ASSIGN_OR_RETURN(const bool found, model.Step());
    if (!found) {
      return absl::NotFoundError(absl::StrCat("model \"", label.model, "\" not found"));
    }
    model_seq = model.Int(0);
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<ModelLabel> labels,
                         ListModelLabels(session, label.project, label.model));
  int64_t previous = 0;
  for (const ModelLabel& each : labels) {
    if (each.label == label.label) previous = each.version;
  }
  if (expected.has_value() && *expected != previous) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat(
            Quoted(label),
            previous == 0 ? " names no version" : absl::StrCat(" names version ", previous),
            ", and the request expects ", *expected == 0 ? "none" : absl::StrCat(*expected))),
        reasons::kLabelMoved);
  }
  if (label.version == 0) {
    Statement remove(session.db, "DELETE FROM model_labels WHERE model_seq = ? AND label = ?",
                     model_seq, label.label);
    GRAFT_RETURN_IF_ERROR(remove.Run());
    return previous;
  }
  if (previous == 0 && static_cast<int>(labels.size()) >= kMaxModelLabels) {
    return absl::FailedPreconditionError(absl::StrCat(
        "model \"", label.model, "\" has ", labels.size(), " labels: take one away first"));
  }
  Statement version(session.db,
                    "SELECT seq FROM model_versions WHERE model_seq = ? AND version = ?", model_seq,
                    label.version);
  GRAFT_ASSIGN_OR_RETURN(const bool found, version.Step());
  if (!found) {
    return absl::NotFoundError(
        absl::StrCat("model \"", label.model, "\" has no version ", label.version));
  }
  Statement set(session.db,
                "INSERT INTO model_labels (model_seq, label, version_seq, update_time) "
                "VALUES (?, ?, ?, ?) ON CONFLICT (model_seq, label) DO UPDATE SET "
                "version_seq = excluded.version_seq, update_time = excluded.update_time",
                model_seq, label.label, version.Int(0), session.now);
  GRAFT_RETURN_IF_ERROR(set.Run());
  return previous;
}

absl::StatusOr<std::vector<ModelLabel>> ListModelLabels(Session& session, absl::string_view project,
                                                        absl::string_view model) {
  Statement select(session.db,
                   absl::StrCat(kSelect, "WHERE m.project = ? AND m.name = ? ORDER BY l.label"),
                   project, model);
  return ReadAll(select);
}

absl::StatusOr<std::vector<ModelLabel>> ListAllModelLabels(Session& session) {
  Statement select(session.db, kSelect);
  return ReadAll(select);
}

absl::Status CheckUnlabelled(Session& session, int64_t version_seq) {
  Statement select(session.db, absl::StrCat(kSelect, "WHERE l.version_seq = ? LIMIT 1"),
                   version_seq);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<ModelLabel> labels, ReadAll(select));
  if (labels.empty()) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(absl::StrCat(
                        Quoted(labels.front()), " names version ", labels.front().version,
                        ": move it to another version first, or take it away")),
                    reasons::kVersionLabelled);
}

absl::Status DeleteLabelsOf(Session& session, absl::string_view project, absl::string_view model) {
  Statement remove(session.db,
                   "DELETE FROM model_labels WHERE model_seq = "
                   "(SELECT seq FROM models WHERE project = ? AND name = ?)",
                   project, model);
  return remove.Run();
}

}  // namespace graft::store::sqlite
