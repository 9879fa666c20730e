#ifndef GRAFT_CORE_STORE_SQLITE_SQLITE_METADATA_STORE_H_
#define GRAFT_CORE_STORE_SQLITE_SQLITE_METADATA_STORE_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

#include "core/base/clock.h"
#include "core/store/metadata_store.h"
#include "core/store/row_upgrade.h"

namespace graft::store {

struct SqliteMetadataStoreOptions {
  std::filesystem::path path;      // of the database file; made if it isn't there
  Clock* clock = Clock::System();  // for timestamps; must outlive the store
  int max_queued = 10'000;         // QUEUED jobs over all projects
  jobs::RetryPolicy retry;
  // Of what an older program wrote; null: left as it is. Used by Open alone.
  RowUpgrade* upgrade = nullptr;
};

// The embedded store: one file, one connection, one process.
struct SqliteMetadataStore {
  // Opens or creates the database, checks it (quick_check) and brings it to this program's schema.
  // FAILED_PRECONDITION: another process has it open, or a newer program wrote it. DATA_LOSS: it is
  // damaged, or no database. RESOURCE_EXHAUSTED: the disk is full.
  static absl::StatusOr<std::unique_ptr<MetadataStore>> Open(
      const SqliteMetadataStoreOptions& options);
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_SQLITE_SQLITE_METADATA_STORE_H_
