#include "core/store/sqlite/connection.h"

#include <cerrno>

#include <sqlite3.h>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_macros.h"
#include "core/store/exhausted.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  // NOMUTEX: the store has a lock of its own round the connection.
  const int code = sqlite3_open_v2(
      path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  if (handle == nullptr) return Exhausted(reasons::kOutOfMemory, "metadata database: no memory");
  auto connection = absl::WrapUnique(new Connection(handle));
  if (code != SQLITE_OK) return connection->ErrorOf(code);
  GRAFT_RETURN_IF_ERROR(connection->Prepare());
  return connection;
}

Connection::~Connection() { sqlite3_close_v2(handle_); }

absl::Status Connection::Prepare() {
  // EXCLUSIVE before WAL: the index of the log then lives in this process, and no second process
  // gets in. FULL: every commit is synced before it is acknowledged.
  GRAFT_RETURN_IF_ERROR(
      Execute("PRAGMA locking_mode = EXCLUSIVE;"
              "PRAGMA trusted_schema = OFF;"
              "PRAGMA foreign_keys = ON;"));
  GRAFT_RETURN_IF_ERROR(
      Execute("PRAGMA journal_mode = WAL;"
              "PRAGMA synchronous = FULL;"
              "BEGIN EXCLUSIVE; COMMIT;"));
  Statement check(*this, "PRAGMA quick_check(1)");
  GRAFT_ASSIGN_OR_RETURN(const bool row, check.Step());
  const std::string verdict = row ? check.Text(0) : "no answer";
  if (verdict == "ok") return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the metadata database is damaged (", verdict, "); restore it from a backup"));
}

absl::Status Connection::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ErrorOf(code);
}

absl::Status Connection::ErrorOf(int code) const {
  const char* const text = sqlite3_errmsg(handle_);
  const int system_error = sqlite3_system_errno(handle_);
  switch (code & 0xff) {
    case SQLITE_FULL:
      break;
    case SQLITE_IOERR:
      if (system_error == ENOSPC || system_error == EDQUOT) break;
      return absl::InternalError(absl::StrCat("metadata database: ", text));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(
          absl::StrCat("the metadata database is damaged (", text, "); restore it from a backup"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::FailedPreconditionError(
          "the metadata database is open in another process; stop that process, or use another "
          "data folder");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return absl::FailedPreconditionError(absl::StrCat(
          "the metadata database cannot be opened for writing (", text,
          "); check that the data folder is there and belongs to the user of the server"));
    case SQLITE_NOMEM:
      return Exhausted(reasons::kOutOfMemory, "metadata database: no memory");
    default:
      return absl::InternalError(absl::StrCat("metadata database: ", text));
  }
  return Exhausted(
      reasons::kDiskFull,
      "the disk of the metadata database is full: nothing was written; free some space");
}

Transaction::~Transaction() {
  // SQLite rolls back by itself on some errors; then there is nothing left to do here.
  if (sqlite3_get_autocommit(connection_.handle()) == 0) {
    connection_.Execute("ROLLBACK").IgnoreError();
  }
}

absl::Status Transaction::Begin() { return connection_.Execute("BEGIN IMMEDIATE"); }

absl::Status Transaction::Commit() { return connection_.Execute("COMMIT"); }

}  // namespace graft::store::sqlite
