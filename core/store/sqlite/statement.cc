#include "core/store/sqlite/statement.h"

#include <sqlite3.h>

namespace graft::store::sqlite {

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::Prepare(absl::string_view sql) {
  Keep(sqlite3_prepare_v2(connection_.handle(), sql.data(), static_cast<int>(sql.size()),
                          &statement_, nullptr));
}

void Statement::Keep(int code) {
  if (code != SQLITE_OK && status_.ok()) status_ = connection_.ErrorOf(code);
}

void Statement::Bind(absl::string_view text) {
  if (!status_.ok()) return;
  // A null pointer would bind NULL; empty text is not NULL.
  Keep(sqlite3_bind_text64(statement_, next_parameter_++, text.empty() ? "" : text.data(),
                           text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::Bind(Blob blob) {
  if (!status_.ok()) return;
  Keep(sqlite3_bind_blob64(statement_, next_parameter_++,
                           blob.bytes.empty() ? "" : blob.bytes.data(), blob.bytes.size(),
                           SQLITE_TRANSIENT));
}

void Statement::Bind(absl::Time time) {
  if (time == absl::InfinitePast()) return Bind(std::nullopt);
  BindInt(absl::ToUnixMicros(time));
}

void Statement::Bind(double value) {
  if (!status_.ok()) return;
  Keep(sqlite3_bind_double(statement_, next_parameter_++, value));
}

void Statement::Bind(std::optional<double> value) {
  if (!value.has_value()) return Bind(std::nullopt);
  Bind(*value);
}

void Statement::Bind(std::nullopt_t) {
  if (!status_.ok()) return;
  Keep(sqlite3_bind_null(statement_, next_parameter_++));
}

void Statement::BindInt(int64_t value) {
  if (!status_.ok()) return;
  Keep(sqlite3_bind_int64(statement_, next_parameter_++, value));
}

absl::StatusOr<bool> Statement::Step() {
  if (!status_.ok()) return status_;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  status_ = connection_.ErrorOf(code);
  return status_;
}

absl::Status Statement::Run() { return Step().status(); }

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::Double(int column) const { return sqlite3_column_double(statement_, column); }

std::optional<double> Statement::OptionalDouble(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Double(column);
}

std::string Statement::Text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

absl::Time Statement::Time(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return absl::InfinitePast();
  return absl::FromUnixMicros(Int(column));
}

int64_t ChangedRows(Connection& connection) { return sqlite3_changes64(connection.handle()); }

int64_t LastRowId(Connection& connection) { return sqlite3_last_insert_rowid(connection.handle()); }

}  // namespace graft::store::sqlite
