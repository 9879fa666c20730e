#ifndef GRAFT_CORE_DATA_ARCHIVE_NAMES_H_
#define GRAFT_CORE_DATA_ARCHIVE_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// A name as it stands in an archive, made plain: no "./", no repeated or trailing '/'. Empty for
// the root itself. INVALID_ARGUMENT says why a name is refused (see ReadArchive).
absl::StatusOr<std::string> NormaliseArchiveName(absl::string_view name);

// Whether some part of a plain name is of the kind that systems leave behind, not people.
bool IsHiddenName(absl::string_view name);

// Whether a plain name ends like an archive.
bool IsArchiveName(absl::string_view name);

bool IsValidUtf8(absl::string_view text);

}  // namespace graft

#endif  // GRAFT_CORE_DATA_ARCHIVE_NAMES_H_
