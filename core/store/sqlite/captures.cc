#include "core/store/sqlite/captures.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/store/sqlite/paging.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

constexpr char kList[] = "captures";
constexpr char kSelect[] =
    "SELECT seq, project, digest, policy_model, model, version, answer, probability, "
    "unknown_score, bytes, create_time, expire_time FROM captured_pictures WHERE ";

struct Row {
  int64_t seq = 0;
  CapturedPicture picture;
};

Row ReadRow(const Statement& statement) {
  Row row;
  CapturedPicture& picture = row.picture;
  row.seq = statement.Int(0);
  picture.project = statement.Text(1);
  picture.digest = statement.Text(2);
  picture.policy_model = statement.Text(3);
  picture.model = statement.Text(4);
  picture.version = statement.Int(5);
  picture.answer = statement.Text(6);
  picture.probability = statement.OptionalDouble(7);
  picture.unknown_score = statement.OptionalDouble(8);
  picture.bytes = statement.Int(9);
  picture.create_time = statement.Time(10);
  picture.expire_time = statement.Time(11);
  return row;
}

absl::StatusOr<Row> LoadRow(Session& session, absl::string_view project, absl::string_view digest) {
  Statement select(session.db, absl::StrCat(kSelect, "project = ? AND digest = ?"), project,
                   digest);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return absl::NotFoundError(absl::StrCat("picture \"", digest, "\" is not kept"));
  return ReadRow(select);
}

absl::Status DeleteRow(Session& session, int64_t seq) {
  Statement remove(session.db, "DELETE FROM captured_pictures WHERE seq = ?", seq);
  return remove.Run();
}

// The condition that a filter is, for BindFilter's values in order.
std::string Condition(const CaptureFilter& filter) {
  std::string sql = "1";
  if (filter.project.has_value()) absl::StrAppend(&sql, " AND project = ?");
  if (filter.policy_model.has_value()) absl::StrAppend(&sql, " AND policy_model = ?");
  if (!filter.model.empty()) absl::StrAppend(&sql, " AND model = ?");
  if (filter.created_before != absl::InfiniteFuture())
    absl::StrAppend(&sql, " AND create_time < ?");
  if (filter.expired_by != absl::InfiniteFuture()) absl::StrAppend(&sql, " AND expire_time <= ?");
  return sql;
}

void BindFilter(const CaptureFilter& filter, Statement& statement) {
  if (filter.project.has_value()) statement.Bind(*filter.project);
  if (filter.policy_model.has_value()) statement.Bind(*filter.policy_model);
  if (!filter.model.empty()) statement.Bind(filter.model);
  if (filter.created_before != absl::InfiniteFuture()) statement.Bind(filter.created_before);
  if (filter.expired_by != absl::InfiniteFuture()) statement.Bind(filter.expired_by);
}

}  // namespace

absl::StatusOr<CapturePolicy> SetCapturePolicy(Session& session, const CapturePolicy& policy) {
  Statement others(session.db,
                   "SELECT COUNT(*) FROM capture_policies WHERE NOT (project = ? AND model = ?)",
                   policy.project, policy.model);
  GRAFT_RETURN_IF_ERROR(others.Step().status());
  if (others.Int(0) >= kMaxCapturePolicies) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", kMaxCapturePolicies, " policies: take one away first"));
  }
  Statement set(session.db,
                "INSERT OR REPLACE INTO capture_policies (project, model, max_confidence, "
                "on_unknown, share, max_pictures, retention_days, update_time) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                policy.project, policy.model, policy.max_confidence, policy.unknown, policy.share,
                policy.max_pictures, policy.retention_days, session.now);
  GRAFT_RETURN_IF_ERROR(set.Run());
  Statement expire(session.db,
                   "UPDATE captured_pictures SET expire_time = create_time + ? "
                   "WHERE project = ? AND policy_model = ?",
                   absl::ToInt64Microseconds(policy.retention()), policy.project, policy.model);
  GRAFT_RETURN_IF_ERROR(expire.Run());
  CapturePolicy stored = policy;
  stored.update_time = session.now;
  return stored;
}

absl::Status DeleteCapturePolicy(Session& session, absl::string_view project,
                                 absl::string_view model) {
  Statement remove(session.db, "DELETE FROM capture_policies WHERE project = ? AND model = ?",
                   project, model);
  return remove.Run();
}

absl::StatusOr<std::vector<CapturePolicy>> ListAllCapturePolicies(Session& session) {
  Statement select(session.db,
                   "SELECT project, model, max_confidence, on_unknown, share, max_pictures, "
                   "retention_days, update_time FROM capture_policies ORDER BY project, model");
  std::vector<CapturePolicy> policies;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return policies;
    CapturePolicy& policy = policies.emplace_back();
    policy.project = select.Text(0);
    policy.model = select.Text(1);
    policy.max_confidence = select.Double(2);
    policy.unknown = select.Int(3) != 0;
    policy.share = select.Double(4);
    policy.max_pictures = select.Int(5);
    policy.retention_days = static_cast<int>(select.Int(6));
    policy.update_time = select.Time(7);
  }
}

absl::StatusOr<bool> AddCapturedPicture(Session& session, const CapturedPicture& picture,
                                        absl::Duration retention) {
  if (picture.project.empty() || picture.digest.empty()) {
    return absl::InvalidArgumentError("a picture needs a project and a digest");
  }
  Statement same(session.db, "SELECT 1 FROM captured_pictures WHERE project = ? AND digest = ?",
                 picture.project, picture.digest);
  GRAFT_ASSIGN_OR_RETURN(const bool known, same.Step());
  if (known) return false;
  Statement insert(session.db,
                   "INSERT INTO captured_pictures (project, digest, policy_model, model, version, "
                   "answer, probability, unknown_score, bytes, create_time, expire_time) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   picture.project, picture.digest, picture.policy_model, picture.model,
                   picture.version, picture.answer, picture.probability, picture.unknown_score,
                   picture.bytes, session.now, session.now + retention);
  GRAFT_RETURN_IF_ERROR(insert.Run());
  return true;
}

absl::StatusOr<CapturedPicture> GetCapturedPicture(Session& session, absl::string_view project,
                                                   absl::string_view digest) {
  GRAFT_ASSIGN_OR_RETURN(Row row, LoadRow(session, project, digest));
  return std::move(row.picture);
}

absl::StatusOr<Page<CapturedPicture>> ListCapturedPictures(Session& session,
                                                           absl::string_view project,
                                                           absl::string_view model,
                                                           const PageOptions& page) {
  GRAFT_ASSIGN_OR_RETURN(const PageStart start, StartOfPage(kList, page));
  Statement select(session.db,
                   absl::StrCat(kSelect, "project = ?", model.empty() ? "" : " AND model = ?",
                                " AND seq < ? ORDER BY seq DESC LIMIT ?"),
                   project);
  if (!model.empty()) select.Bind(model);
  select.Bind(start.before);
  select.Bind(start.size + 1);
  Page<CapturedPicture> result;
  int64_t last_seq = 0;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return result;
    if (static_cast<int>(result.items.size()) == start.size) {
      result.next_page_token = PageToken(kList, last_seq);
      return result;
    }
    Row row = ReadRow(select);
    last_seq = row.seq;
    result.items.push_back(std::move(row.picture));
  }
}

absl::StatusOr<CaptureTotals> CountCapturedPictures(Session& session, const CaptureFilter& filter) {
  Statement count(
      session.db,
      absl::StrCat("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM captured_pictures WHERE ",
                   Condition(filter)));
  BindFilter(filter, count);
  GRAFT_RETURN_IF_ERROR(count.Step().status());
  return CaptureTotals{count.Int(0), count.Int(1)};
}

absl::StatusOr<std::vector<CapturedPicture>> DeleteCapturedPictures(Session& session,
                                                                    const CaptureFilter& filter,
                                                                    int limit) {
  std::vector<Row> rows;
  {
    // By the index of whichever is asked for.
    const bool expired = filter.expired_by != absl::InfiniteFuture();
    Statement select(session.db, absl::StrCat(kSelect, Condition(filter), " ORDER BY ",
                                              expired ? "expire_time" : "seq", " LIMIT ?"));
    BindFilter(filter, select);
    select.Bind(limit);
    while (true) {
      GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
      if (!more) break;
      rows.push_back(ReadRow(select));
    }
  }
  std::vector<CapturedPicture> deleted;
  for (Row& row : rows) {
    GRAFT_RETURN_IF_ERROR(DeleteRow(session, row.seq));
    deleted.push_back(std::move(row.picture));
  }
  return deleted;
}

absl::StatusOr<CapturedPicture> DeleteCapturedPicture(Session& session, absl::string_view project,
                                                      absl::string_view digest) {
  GRAFT_ASSIGN_OR_RETURN(Row row, LoadRow(session, project, digest));
  GRAFT_RETURN_IF_ERROR(DeleteRow(session, row.seq));
  return std::move(row.picture);
}

}  // namespace graft::store::sqlite
