#ifndef GRAFT_CORE_STORE_SQLITE_PAGING_H_
#define GRAFT_CORE_STORE_SQLITE_PAGING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/store/metadata_store.h"

namespace graft::store::sqlite {

// Where a page begins: rows with a `seq` below `before`, newest first.
struct PageStart {
  int64_t before;
  int size;
};

// `list` names the kind of list ("jobs"). INVALID_ARGUMENT for a bad size, or a token that is
// malformed or belongs to another kind of list.
absl::StatusOr<PageStart> StartOfPage(absl::string_view list, const PageOptions& page);

// The token of the page that begins below `seq`.
std::string PageToken(absl::string_view list, int64_t seq);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_PAGING_H_
