#ifndef GRAFT_CORE_STORE_SQLITE_CONNECTION_H_
#define GRAFT_CORE_STORE_SQLITE_CONNECTION_H_

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;

namespace graft::store::sqlite {

// The one connection to the database file. Not safe for concurrent use.
class Connection {
 public:
  // Opens or creates the file, locks it for this process alone and checks it (quick_check).
  // Errors as SqliteMetadataStore::Open.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::filesystem::path& path);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs statements that answer no rows.
  absl::Status Execute(const char* sql);

  // The Status of a result code of SQLite, with what the connection knows of it.
  absl::Status ErrorOf(int code) const;

  sqlite3* handle() const { return handle_; }

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  absl::Status Prepare();

  sqlite3* const handle_;
};

// BEGIN IMMEDIATE by Begin; rolled back by the destructor unless Commit answered OK.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  absl::Status Begin();
  absl::Status Commit();

 private:
  Connection& connection_;
};

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_CONNECTION_H_
