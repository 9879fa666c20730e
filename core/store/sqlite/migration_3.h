#ifndef GRAFT_CORE_STORE_SQLITE_MIGRATION_3_H_
#define GRAFT_CORE_STORE_SQLITE_MIGRATION_3_H_

#include "core/store/sqlite/migrations.h"

namespace graft::store::sqlite {

// What can be large (reports, cards, manifests) moves to rows of its own, so that neither lists nor
// the queue touch it, and the description of a version becomes one JSON column.
Migration Migration3();

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_MIGRATION_3_H_
