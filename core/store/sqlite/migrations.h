#ifndef GRAFT_CORE_STORE_SQLITE_MIGRATIONS_H_
#define GRAFT_CORE_STORE_SQLITE_MIGRATIONS_H_

#include "absl/status/status.h"
#include "absl/types/span.h"

#include "core/store/row_upgrade.h"
#include "core/store/sqlite/connection.h"

namespace graft::store::sqlite {

// A step of the schema. Released steps are never edited: a change is a new step.
struct Migration {
  int number;  // 1, 2, 3 ...
  const char* sql;
  // Where SQL alone cannot do it: run after `sql`, and `then` after that.
  absl::Status (*rows)(Connection& connection, RowUpgrade& upgrade) = nullptr;
  const char* then = "";
};

// All steps this program knows, ascending.
absl::Span<const Migration> Migrations();

// Brings the database to the last of `migrations`, each step in a transaction of its own: a failed
// one leaves the schema before it. FAILED_PRECONDITION when the database is newer than that, or is
// no database of graft's. `upgrade` may be null: rows then keep the bytes that they have.
absl::Status Migrate(Connection& connection, absl::Span<const Migration> migrations,
                     RowUpgrade* upgrade = nullptr);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_MIGRATIONS_H_
