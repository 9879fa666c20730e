#ifndef GRAFT_CORE_STORE_SQLITE_SESSION_H_
#define GRAFT_CORE_STORE_SQLITE_SESSION_H_

#include <vector>

#include "absl/time/time.h"

#include "core/store/metadata_store.h"
#include "core/store/sqlite/connection.h"
#include "core/store/sqlite/sqlite_metadata_store.h"

namespace graft::store::sqlite {

// What a verb works with: an open transaction, the time it takes place at, and where to note what
// the observer is told once it is committed.
struct Session {
  Connection& db;
  const SqliteMetadataStoreOptions& options;
  absl::Time now;  // in whole microseconds, as it is stored
  std::vector<JobChange> changes = {};
};

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_SESSION_H_
