#ifndef GRAFT_CORE_STORE_SQLITE_REFERENCES_H_
#define GRAFT_CORE_STORE_SQLITE_REFERENCES_H_

#include "absl/status/statusor.h"

#include "core/store/blob_references.h"
#include "core/store/sqlite/session.h"

namespace graft::store::sqlite {

// MetadataStore::ListBlobReferences, inside an open transaction.
absl::StatusOr<BlobReferences> ListBlobReferences(Session& session);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_REFERENCES_H_
