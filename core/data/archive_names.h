#ifndef GRAFT_CORE_DATA_ARCHIVE_NAMES_H_
#define GRAFT_CORE_DATA_ARCHIVE_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::data {

struct PlainName {
  // No "./", no repeated or trailing '/', in Normalisation Form C; always UTF-8 without control
  // characters. Empty for the root itself.
  std::string name;
  // Why a file of this name cannot be taken, whose `name` then stands for it in messages: not
  // UTF-8, control characters, over 255 characters a part, 4,096 bytes in all or 32 parts. Empty:
  // it can.
  std::string problem;
  bool hidden = false;  // as IsHiddenName says
};

// A name as it stands in an archive. Windows' programs put backslashes for '/' into zips:
// `backslashes` takes them so. INVALID_ARGUMENT: a path that is absolute or leaves the archive.
absl::StatusOr<PlainName> NormaliseArchiveName(absl::string_view name, bool backslashes);

// Whether some part of a name (as it stands in the archive, '/' between parts) is of the kind that
// systems leave behind, not people: names that begin with a dot, and those of macOS, Windows,
// Synology, QNAP, NetApp, Android and file systems.
bool IsHiddenName(absl::string_view name);

// Whether a plain name ends like an archive.
bool IsArchiveName(absl::string_view name);

// A name from an archive for a message: control characters and broken UTF-8 replaced, at most 120
// bytes and dots for the rest.
std::string PrintableName(absl::string_view name);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_ARCHIVE_NAMES_H_
